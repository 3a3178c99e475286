import { sizeOf } from '../graph/index.ts'
import type { ModelOptions, Module } from '../nn/index.ts'
import { Decoder } from './decoder.ts'
import type { DecoderConfig } from './decoder-config.ts'
import { Encoder } from './encoder.ts'
import type { EncoderConfig } from './encoder-config.ts'
import { EncoderDecoder } from './encoder-decoder.ts'
import type { EncoderDecoderConfig } from './encoder-decoder-config.ts'
import type { StackConfig } from './stack-config.ts'

/** Every kind of Transformer, told apart by `config.kind`. */
export type Model = Decoder | Encoder | EncoderDecoder

/** Models that write text, a token at a time. */
export type WritingModel = Decoder | EncoderDecoder

export type ModelConfig = DecoderConfig | EncoderConfig | EncoderDecoderConfig

/** Throws UserError with the option at fault where sizes do not go together. */
export function createModel(config: ModelConfig, options: ModelOptions = {}): Model {
  if (config.kind === 'decoder') return new Decoder(config, options)
  if (config.kind === 'encoder') return new Encoder(config, options)
  return new EncoderDecoder(config, options)
}

export const stacksOf = (config: ModelConfig): StackConfig[] =>
  config.kind === 'encoder-decoder' ? [config.encoder, config.decoder] : [config]

/** The stack that writes. */
export const writingStack = ({ config }: WritingModel): StackConfig =>
  config.kind === 'decoder' ? config : config.decoder

/** Learned numbers (a tied matrix counts once). */
export const countParameters = (model: Pick<Module, 'parameters'>): number =>
  [...model.parameters().values()].reduce((total, { shape }) => total + sizeOf(shape), 0)
