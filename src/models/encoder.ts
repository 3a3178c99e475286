import type { Tensor } from '../graph/index.ts'
import { type ModelOptions, Module, nameParameters } from '../nn/index.ts'
import { checkEncoder, type EncoderConfig } from './encoder-config.ts'
import { Head } from './head.ts'
import { Stack, type StackInput } from './stack.ts'

/**
 * Encoder-only Transformer (Devlin et al. 2019): every token sees every other; BERT and its kin.
 */
export class Encoder extends Module {
  readonly model: Stack
  readonly head: Head
  readonly #config: EncoderConfig

  constructor(config: EncoderConfig, options: ModelOptions = {}) {
    super()
    this.#config = checkEncoder(config)
    this.model = new Stack(config, { causal: false })
    this.head = new Head(config.head, config)
    nameParameters(this, options)
  }

  get config(): EncoderConfig {
    return this.#config
  }

  /** ids: (B, T) int32 -> last hidden states, (B T, C) where shapes are fixed, else (B, T, C). */
  hidden(ids: Tensor, input: StackInput = {}): Tensor {
    return this.model.forward(ids, input)
  }

  /** Weight of the embedding, (V, C). */
  get embedding(): Tensor {
    return (this.model.embedTokens as NonNullable<Stack['embedTokens']>).weight.tensor
  }
}
