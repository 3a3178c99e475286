import { linear, mul, reshape, type Tensor } from '../graph/index.ts'
import {
  type Context,
  Embedding,
  type KeysAndValues,
  Linear,
  type ModelOptions,
  Module,
  nameParameters,
  paddingBias,
  type Source,
} from '../nn/index.ts'
import { checkEncoderDecoder, type EncoderDecoderConfig } from './encoder-decoder-config.ts'
import { Stack, type StackInput } from './stack.ts'

/** Both stacks and the embedding that they share. */
class Pair extends Module {
  readonly shared: Embedding
  readonly encoder: Stack
  readonly decoder: Stack

  constructor({ encoder, decoder }: EncoderDecoderConfig) {
    super()
    this.shared = new Embedding(encoder.vocabSize, encoder.dim)
    this.encoder = new Stack(encoder, { causal: false }, this.shared)
    this.decoder = new Stack(decoder, { causal: true, cross: true }, this.shared)
  }
}

/**
 * Encoder-decoder Transformer (Vaswani et al. 2017): the decoder writes one text while it attends
 * to another, which the encoder has read.
 */
export class EncoderDecoder extends Module {
  readonly model: Pair
  readonly lmHead: Linear | undefined
  readonly #config: EncoderDecoderConfig

  constructor(config: EncoderDecoderConfig, options: ModelOptions = {}) {
    super()
    this.#config = checkEncoderDecoder(config)
    this.model = new Pair(config)
    const { dim, vocabSize } = config.decoder
    this.lmHead = config.tied ? undefined : new Linear(dim, vocabSize)
    nameParameters(this, options)
  }

  get config(): EncoderDecoderConfig {
    return this.#config
  }

  /** Reads a text. ids: (B, S) int32, mask: (B, S) of 1 and 0. */
  encode(ids: Tensor, input: StackInput & { mask: Tensor }): Source {
    const hidden = this.model.encoder.forward(ids, input)
    return { hidden, shape: ids.shape, bias: paddingBias(input.mask) }
  }

  /**
   * What each layer's cross-attention reads of a source, so that it is made once for many steps.
   */
  sourceKeys(source: Source): KeysAndValues[] {
    return this.model.decoder.layers.flatMap(({ crossAttn }) => crossAttn?.sourceKeys(source) ?? [])
  }

  /**
   * ids: (B, T) int32 -> the decoder's last hidden states. `input` has a source, or a cache of one.
   * With teacher forcing ids are the text that is to be written, shifted by one, after the start
   * token.
   */
  hidden(ids: Tensor, input: StackInput): Tensor {
    return this.model.decoder.forward(ids, input)
  }

  /** Weight of the output, (V, C). */
  get outputWeight(): Tensor {
    return (this.lmHead ?? this.model.shared).weight.tensor
  }

  /** What the output's matrix is multiplied with. hidden: (..., C) -> (..., C). */
  outputHidden(hidden: Tensor): Tensor {
    const { outputScale, tied } = this.#config
    return tied && outputScale !== 1 ? mul(hidden, outputScale) : hidden
  }

  /** Hidden states (..., C) -> logits (..., V). */
  logits(hidden: Tensor, context: Context = {}): Tensor {
    return this.tap(context, 'logits', linear(this.outputHidden(hidden), this.outputWeight))
  }
}

/**
 * Fusion-in-Decoder (Izacard & Grave 2021): `count` sources of each example, one after the other in
 * the batch, that were encoded apart, become one that the decoder attends to as a whole. Fixed
 * sizes only.
 */
export function fuseSources(source: Source, count: number): Source {
  if (count === 1) return source
  const [batch, length] = source.shape as [number, number]
  const shape = [batch / count, count * length]
  return {
    // Rows of one example lie one after the other already.
    hidden: source.hidden,
    shape,
    bias: source.bias && reshape(source.bias, [batch / count, 1, 1, count * length]),
  }
}
