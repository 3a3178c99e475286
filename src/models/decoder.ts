import { linear, mul, type Tensor, tanh } from '../graph/index.ts'
import { type Context, Linear, type ModelOptions, Module, nameParameters } from '../nn/index.ts'
import { checkConfig, type DecoderConfig } from './decoder-config.ts'
import { Head } from './head.ts'
import { Stack, type StackInput } from './stack.ts'

/**
 * Decoder-only Transformer (Radford et al. 2018): GPT-2, Llama and those that followed. Parameters
 * bear the names of Llama's weight files.
 */
export class Decoder extends Module {
  readonly model: Stack
  readonly lmHead: Linear | undefined
  readonly head: Head | undefined
  readonly #config: DecoderConfig

  constructor(config: DecoderConfig, options: ModelOptions = {}) {
    super()
    this.#config = checkConfig(config)
    this.model = new Stack(config, { causal: true })
    const { tied, head, dim, vocabSize } = config
    this.lmHead = tied || head ? undefined : new Linear(dim, vocabSize)
    this.head = head && new Head(head, config)
    nameParameters(this, options)
  }

  get config(): DecoderConfig {
    return this.#config
  }

  /** ids: (B, T) int32 -> last hidden states, (B T, C) where shapes are fixed, else (B, T, C). */
  hidden(ids: Tensor, input: StackInput = {}): Tensor {
    return this.model.forward(ids, input)
  }

  /** Weight of the output, (V, C). */
  get outputWeight(): Tensor {
    const embedding = this.model.embedTokens
    const { weight } = (this.lmHead ?? embedding) as NonNullable<typeof embedding>
    return weight.tensor
  }

  /** Hidden states (..., C) -> logits (..., V). */
  logits(hidden: Tensor, context: Context = {}): Tensor {
    const logits = linear(hidden, this.outputWeight)
    const { logitSoftcap: cap } = this.#config
    return this.tap(context, 'logits', cap ? mul(tanh(mul(logits, 1 / cap)), cap) : logits)
  }
}
