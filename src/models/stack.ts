import {
  add,
  constant,
  gather,
  isFixed,
  mul,
  productOf,
  recompute,
  reshape,
  slice,
  type Tensor,
} from '../graph/index.ts'
import {
  Block,
  type Context,
  createNorm,
  dropped,
  Embedding,
  lecunNormal,
  Module,
  type Norm,
  paddingBias,
  RelativeBias,
  residual,
  sinusoidalTable,
  sumOf,
} from '../nn/index.ts'
import { type Positions, positionContext } from './positions.ts'
import { hasExperts, isWindowed, type StackConfig, type StackUse } from './stack-config.ts'

export interface StackInput
  extends Omit<Positions, 'shape'>,
    Pick<Context, 'attentionBias' | 'source' | 'random' | 'tap' | 'recompute' | 'losses'> {
  /** (B, T): 1 where there is a token, 0 where there is padding. */
  mask?: Tensor
  /** (B, T) int32: kind of each token. */
  types?: Tensor
}

/**
 * A stack of Transformer layers, from token ids to hidden states: the body of every architecture,
 * alone (decoders, encoders) or as one of a pair. Parameters bear the names of Llama's weight
 * files.
 */
export class Stack extends Module {
  readonly embedTokens: Embedding | undefined
  readonly embedPositions: Embedding | undefined
  readonly embedTypes: Embedding | undefined
  readonly embedNorm: Norm | undefined
  readonly relativeBias: RelativeBias | undefined
  readonly layers: Block[]
  readonly norm: Norm | undefined
  readonly #config: StackConfig
  readonly #shared: Embedding | undefined

  /** `shared`: the embedding, where it is another's too. */
  constructor(config: StackConfig, use: StackUse, shared?: Embedding) {
    super()
    const { vocabSize, context, dim, positions, tokenTypes, heads } = config
    const norm = () =>
      createNorm(dim, { kind: config.norm, epsilon: config.normEpsilon, bias: config.normBias })
    const rows = context + config.positionOffset
    this.embedTokens = shared ? undefined : new Embedding(vocabSize, dim)
    this.embedPositions = positions === 'learned' ? new Embedding(rows, dim) : undefined
    this.embedTypes = tokenTypes > 0 ? new Embedding(tokenTypes, dim) : undefined
    this.embedNorm = config.embeddingNorm ? norm() : undefined
    this.relativeBias =
      positions === 'buckets'
        ? new RelativeBias(heads, { ...config.buckets, bidirectional: !use.causal })
        : undefined
    this.layers = createLayers(config, use)
    // With a norm after each sum the last one is there already.
    this.norm = config.normPosition === 'post' ? undefined : norm()
    this.#config = config
    this.#shared = shared
  }

  /** ids: (B, T) int32 -> hidden states, (B T, C) where shapes are fixed, else (B, T, C). */
  forward(ids: Tensor, input: StackInput = {}): Tensor {
    const { mask, types, source, random, cache, tap, losses } = input
    const { dim, embeddingDropout } = this.#config
    const context: Context = {
      ...positionContext(this.#config, { ...input, shape: ids.shape }, this.relativeBias),
      attentionBias: sumOf(input.attentionBias, mask && paddingBias(mask)),
      source,
      random,
      cache,
      tap,
      losses,
    }
    const embedded = this.#embedded(ids, input, types)
    const rows = isFixed(ids.shape) ? [productOf(ids.shape), dim] : embedded.shape
    let x = dropped(reshape(embedded, rows), embeddingDropout, context)
    x = this.tap(context, 'embedding', x)
    for (const layer of this.layers) {
      const y = layer.forward(x, ids.shape, context)
      x = input.recompute ? recompute(y, kept(x, context)) : y
    }
    return this.tap(context, 'norm', this.norm ? this.norm.forward(x) : x)
  }

  #embedded(ids: Tensor, input: StackInput, types: Tensor | undefined): Tensor {
    const { embeddingScale: scale } = this.#config
    const tokens = (this.#shared ?? (this.embedTokens as Embedding)).forward(ids)
    let x = scale === 1 ? tokens : mul(tokens, scale)
    const positions = this.#positionEmbeddings(ids, input)
    if (positions) x = add(x, positions)
    // Without types, all tokens are of the first.
    if (this.embedTypes)
      x = add(
        x,
        types ? this.embedTypes.forward(types) : slice(this.embedTypes.weight.tensor, 0, 0, 1),
      )
    return this.embedNorm ? this.embedNorm.forward(x) : x
  }

  /** (T, C) or (B, T, C) */
  #positionEmbeddings(ids: Tensor, { positions, reach }: StackInput): Tensor | undefined {
    const { positions: kind, context, dim, positionOffset: offset } = this.#config
    const length = ids.shape[1] as number
    if (kind === 'sinusoidal') {
      const count = positions ? Math.min(reach ?? context, context) : length
      const table = constant(sinusoidalTable(count, dim), [count, dim])
      return positions ? gather(table, positions) : table
    }
    const table = this.embedPositions
    if (!table) return undefined
    if (!positions) return slice(table.weight.tensor, 0, offset, offset + length)
    return table.forward(offset > 0 ? add(positions, offset) : positions)
  }
}

/** What layers are recomputed from: all else that they read is an input, or cheap. */
const kept = (x: Tensor, { source, positionBias }: Context): Tensor[] =>
  [x, source?.hidden, positionBias].filter((tensor) => tensor !== undefined)

function createLayers(config: StackConfig, { causal, cross }: StackUse): Block[] {
  // A norm after each sum keeps the stream as wide as it is, however many layers there are.
  const outputInitializer =
    config.normPosition === 'post'
      ? lecunNormal()
      : residual(config.feedForward === 'none' ? config.layers : 2 * config.layers)
  const heads = {
    dim: config.dim,
    heads: config.heads,
    kvHeads: config.kvHeads,
    headDim: config.headDim,
    bias: config.attentionBias,
    scale: config.attentionScale,
    outputInitializer,
    dropout: config.attentionDropout,
  }
  const self = (layer: number) => ({
    ...heads,
    causal,
    softcap: config.attentionSoftcap,
    sinks: config.sinks,
    qkNorm: config.qkNorm ? config.normEpsilon : undefined,
    window: isWindowed(config, layer) ? config.window : undefined,
  })
  const { experts, dim, hiddenDim, activation, gated, feedForwardBias: bias } = config
  const feedForward = { dim, activation, gated, bias, outputInitializer }
  return Array.from(
    { length: config.layers },
    (_, layer) =>
      new Block({
        norm: { kind: config.norm, epsilon: config.normEpsilon, bias: config.normBias },
        normPosition: config.normPosition,
        attention: self(layer),
        crossAttention: cross ? { ...heads, causal: false, cross } : undefined,
        feedForward:
          config.feedForward === 'none'
            ? undefined
            : {
                ...feedForward,
                hiddenDim: hasExperts(config, layer) && experts ? experts.hiddenDim : hiddenDim,
                dropout: config.feedForwardDropout,
              },
        experts: hasExperts(config, layer) ? experts : undefined,
        firstNorm: layer > 0 || config.firstNorm,
        residualDropout: config.residualDropout,
        stochasticDepth: config.stochasticDepth,
      }),
  )
}
