import type { DecoderConfig } from '../../../models/decoder-config.ts'
import { float32 } from '../make-value.ts'
import type { GgufFields } from './fields.ts'
import { llamaLike, outputNorms } from './llama-like.ts'
import { readWindows, writeWindows } from './windows.ts'

const ATTENTION_CAP = 'attn_logit_softcapping'
const LOGIT_CAP = 'final_logit_softcapping'

/**
 * llama.cpp knows the models of 27 billion parameters, whose scores are scaled otherwise, by their
 * layers.
 */
const common = (config: DecoderConfig, largest: number): Partial<DecoderConfig> => ({
  normPlace: 'both',
  embeddingScale: Math.sqrt(config.dim),
  ...(config.layers === largest && {
    attentionScale: 1 / Math.sqrt(Math.floor(config.dim / config.heads)),
  }),
})

const cap = (key: string, value: number | undefined): GgufFields =>
  value === undefined ? {} : { [key]: float32(value) }

/** Gemma 2. Its output is its embedding. */
export const gemma2 = llamaLike({
  architecture: 'gemma2',
  activation: 'gelu_tanh',
  read: (fields, config) => ({
    ...common(config, 46),
    tied: true,
    // llama.cpp's defaults.
    attentionSoftcap: fields.number(ATTENTION_CAP, 50),
    logitSoftcap: fields.number(LOGIT_CAP, 30),
    ...readWindows(fields, { layers: config.layers, usual: 2, size: 4096 }),
  }),
  write: (config) => ({
    ...cap(ATTENTION_CAP, config.attentionSoftcap),
    ...cap(LOGIT_CAP, config.logitSoftcap),
    ...writeWindows(config, 2),
  }),
  renames: outputNorms,
})

const WINDOW_THETA = 'rope.freq_base_swa'

/** Gemma 3's text model. */
export const gemma3 = llamaLike({
  architecture: 'gemma3',
  activation: 'gelu_tanh',
  read: (fields, config) => {
    const logitSoftcap = fields.number(LOGIT_CAP, 0)
    return {
      ...common(config, 62),
      qkNorm: true,
      ...(logitSoftcap > 0 && { logitSoftcap }),
      ...readWindows(fields, { layers: config.layers, usual: 6, size: 0 }),
      windowRopeTheta: fields.number(WINDOW_THETA, 10_000),
    }
  },
  write: (config) => ({
    ...cap(LOGIT_CAP, config.logitSoftcap),
    ...writeWindows(config, 6),
    ...(config.windowRopeTheta !== undefined && {
      [WINDOW_THETA]: float32(config.windowRopeTheta),
    }),
  }),
  renames: outputNorms,
})
