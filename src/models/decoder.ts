import {
  add,
  constant,
  gather,
  isFixed,
  linear,
  productOf,
  reshape,
  slice,
  type Tensor,
} from '../graph/index.ts'
import {
  type Context,
  createNorm,
  DecoderBlock,
  dropped,
  Embedding,
  Linear,
  Module,
  nameParameters,
  residual,
  rotaryTables,
} from '../nn/index.ts'
import { checkConfig, type DecoderConfig } from './decoder-config.ts'

export interface ForwardOptions extends Omit<Context, 'rotary'> {
  /** (B, T) int32 positions, where they are not 0 .. T - 1: packed conversations, or a cache. */
  positions?: Tensor
}

/** The layers of a decoder, without the output. */
class DecoderBody extends Module {
  readonly embedTokens: Embedding
  readonly embedPositions: Embedding | undefined
  readonly layers: DecoderBlock[]
  readonly norm: Module & { forward(x: Tensor): Tensor }

  constructor(config: DecoderConfig) {
    super()
    const { dim, context, vocabSize, bias } = config
    const norm = { kind: config.norm, epsilon: config.normEpsilon, bias }
    const outputInitializer = residual(config.layers)
    this.embedTokens = new Embedding(vocabSize, dim)
    this.embedPositions = config.positions === 'learned' ? new Embedding(context, dim) : undefined
    this.layers = Array.from(
      { length: config.layers },
      () =>
        new DecoderBlock({
          norm,
          attention: { ...config, dropout: config.attentionDropout, outputInitializer },
          feedForward: { ...config, outputInitializer },
          residualDropout: config.residualDropout,
          stochasticDepth: config.stochasticDepth,
        }),
    )
    this.norm = createNorm(dim, norm)
  }
}

/**
 * Decoder-only Transformer (Radford et al. 2018), in the styles of GPT-2 and Llama. Parameters bear
 * the names of Llama's weight files.
 */
export class Decoder extends Module {
  readonly model: DecoderBody
  readonly lmHead: Linear | undefined
  readonly #config: DecoderConfig

  constructor(config: DecoderConfig) {
    super()
    this.#config = checkConfig(config)
    this.model = new DecoderBody(config)
    this.lmHead = config.tied ? undefined : new Linear(config.dim, config.vocabSize)
    nameParameters(this)
  }

  get config(): DecoderConfig {
    return this.#config
  }

  /** ids: (B, T) int32 -> last hidden states, (B T, C) where shapes are fixed, else (B, T, C). */
  hidden(ids: Tensor, options: ForwardOptions = {}): Tensor {
    const { dim, embeddingDropout } = this.#config
    const context: Context = { ...options, rotary: this.#rotary(ids, options) }
    const embedded = this.#withPositions(this.model.embedTokens.forward(ids), options)
    const rows = isFixed(ids.shape) ? [productOf(ids.shape), dim] : embedded.shape
    let x = dropped(reshape(embedded, rows), embeddingDropout, context)
    for (const [i, layer] of this.model.layers.entries()) {
      x = layer.forward(x, ids.shape, context)
      options.observe?.(`model.layers.${i}`, x)
    }
    return this.model.norm.forward(x)
  }

  /** Weight of the output, (V, C). */
  get outputWeight(): Tensor {
    return (this.lmHead ?? this.model.embedTokens).weight.tensor
  }

  /** Hidden states (..., C) -> logits (..., V). */
  logits(hidden: Tensor): Tensor {
    return linear(hidden, this.outputWeight)
  }

  #withPositions(x: Tensor, { positions }: ForwardOptions): Tensor {
    const table = this.model.embedPositions
    if (!table) return x
    if (positions) return add(x, table.forward(positions))
    return add(x, slice(table.weight.tensor, 0, 0, x.shape[1] as number))
  }

  #rotary(ids: Tensor, { positions, cache }: ForwardOptions): Context['rotary'] {
    const { positions: kind, ropeTheta, headDim, context } = this.#config
    if (kind !== 'rotary') return undefined
    const half = headDim / 2
    const ofTokens = !cache && positions
    const count = cache || ofTokens ? context : (ids.shape[1] as number)
    const tables = rotaryTables({ theta: ropeTheta, context: count, headDim }).map((table) => {
      const whole = constant(table, [count, half])
      if (!ofTokens) return whole
      const [batch, length] = positions.shape as [number, number]
      return reshape(gather(whole, positions), [batch, 1, length, half])
    })
    const [cos, sin] = tables as [Tensor, Tensor]
    return { cos, sin }
  }
}
