import type { DecoderConfig } from '../../../models/decoder-config.ts'
import { isWindowed } from '../../../models/stack-config.ts'
import { flags, float32, uint32 } from '../values.ts'
import type { GgufFieldReader, GgufFields } from './fields.ts'
import { llamaLike, outputNorms } from './llama.ts'

const ATTENTION_CAP = 'attn_logit_softcapping'
const LOGIT_CAP = 'final_logit_softcapping'

/**
 * llama.cpp knows the models of 27 billion parameters, whose scores are scaled otherwise, by their
 * layers.
 */
const common = (config: DecoderConfig, largest: number): Partial<DecoderConfig> => ({
  normPosition: 'both',
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

const SIZE = 'attention.sliding_window'
const PATTERN = 'attention.sliding_window_pattern'

type Windows = Pick<DecoderConfig, 'window' | 'windowed'>

/** A window in all layers but each `usual`-th; or as the pattern says, a number or a list. */
function readWindows(
  fields: GgufFieldReader,
  { layers, usual, size }: { layers: number; usual: number; size: number },
): Windows {
  const window = fields.number(SIZE, size)
  const given = fields.value(PATTERN)
  if (window === 0) return {}
  const everyNth = (n: number) =>
    Array.from({ length: layers }, (_, i) => n === 0 || (i + 1) % n > 0)
  let windowed: boolean[]
  if (given?.type !== 'array') windowed = everyNth(fields.number(PATTERN, usual))
  else windowed = Array.from<unknown>(given.value).map(Boolean)
  if (windowed.length !== layers)
    throw fields.refuse(PATTERN, `it has ${windowed.length} entries for ${layers} layers`)
  if (!windowed.includes(true)) return {}
  return windowed.includes(false) ? { window, windowed } : { window }
}

/** The pattern is left out where it is the usual one, which older readers expect. */
function writeWindows(config: DecoderConfig, usual: number): GgufFields {
  if (config.window === undefined) return { [SIZE]: uint32(0) }
  const windowed = Array.from({ length: config.layers }, (_, i) => isWindowed(config, i))
  const isUsual = windowed.every((has, i) => has === (i + 1) % usual > 0)
  return { [SIZE]: uint32(config.window), ...(!isUsual && { [PATTERN]: flags(windowed) }) }
}
