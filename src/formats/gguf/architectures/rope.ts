import { UserError } from '../../../errors.ts'
import type { StackConfig } from '../../../models/stack-config.ts'
import type { RopeScaling } from '../../../nn/index.ts'
import { rotaryFrequencies } from '../../../nn/positions/rotary.ts'
import { float32, text, uint32 } from '../values.ts'
import { type GgufConstant, type GgufFieldReader, type GgufFields, shortest } from './fields.ts'

type Rope = Pick<StackConfig, 'ropeTheta' | 'ropeScaling'>

/**
 * What the frequencies of Llama 3.1's scaling are divided by, one number for each pair of a head.
 */
export const ROPE_FACTORS = 'rope_freqs.weight'

const NAME = 'rope.scaling'
/** llama.cpp's defaults, which most architectures cannot change. */
const YARN_BETAS = { fast: 32, slow: 1 }

/** llama.cpp multiplies with this itself, as YaRN's authors recommend (Peng et al. 2024). */
const yarnLength = (factor: number): number => (factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1)

/** Throws UserError for a scaling that llama.cpp does not have. */
export function writeRope({ ropeTheta, ropeScaling: scaling }: Rope): GgufFields {
  const base = { 'rope.freq_base': float32(ropeTheta) }
  if (!scaling) return base
  switch (scaling.kind) {
    case 'linear':
      return { ...base, ...named('linear', scaling.factor) }
    case 'yarn': {
      const { factor, original, betaFast, betaSlow, truncate } = scaling
      if (!truncate || betaFast !== YARN_BETAS.fast || betaSlow !== YARN_BETAS.slow)
        throw new UserError(
          'ropeScaling: llama.cpp has YaRN only with betaFast 32, betaSlow 1 and truncate',
        )
      return {
        ...base,
        ...named('yarn', factor),
        [`${NAME}.original_context_length`]: uint32(original),
        ...(scaling.attentionFactor !== undefined && {
          [`${NAME}.attn_factor`]: float32(scaling.attentionFactor / yarnLength(factor)),
        }),
      }
    }
    case 'llama3':
      // llama.cpp looks at the factors alone; these are for reading them back.
      return {
        ...base,
        [`${NAME}.llama3.factor`]: float32(scaling.factor),
        [`${NAME}.llama3.original_context_length`]: uint32(scaling.original),
        [`${NAME}.llama3.low_freq_factor`]: float32(scaling.low),
        [`${NAME}.llama3.high_freq_factor`]: float32(scaling.high),
      }
    case 'dynamic':
      throw new UserError('ropeScaling.kind is dynamic, which llama.cpp does not have')
  }
}

const named = (kind: string, factor: number): GgufFields => ({
  [`${NAME}.type`]: text(kind),
  [`${NAME}.factor`]: float32(factor),
})

/** `hasFactors`: the file has `rope_freqs.weight`, see `checkRopeFactors`. */
export function readRope(fields: GgufFieldReader, hasFactors: boolean): Rope {
  const ropeTheta = fields.number('rope.freq_base', 10_000)
  const ropeScaling = readScaling(fields, hasFactors)
  return { ropeTheta, ...(ropeScaling && { ropeScaling }) }
}

function readScaling(fields: GgufFieldReader, hasFactors: boolean): RopeScaling | undefined {
  fields.ignore(`${NAME}.finetuned`)
  if (hasFactors) {
    // Files of others do not say them: those of all Llamas from 3.1 on, but for the factor.
    const llama3 = (name: string, usual: number) => fields.number(`${NAME}.llama3.${name}`, usual)
    return {
      kind: 'llama3',
      factor: llama3('factor', 0),
      original: llama3('original_context_length', 8192),
      low: llama3('low_freq_factor', 1),
      high: llama3('high_freq_factor', 4),
    }
  }
  const kind = fields.string(`${NAME}.type`, 'none')
  const factor = fields.number(`${NAME}.factor`, 0)
  if (kind === 'none' || factor === 0) return undefined
  if (kind === 'linear') return { kind, factor }
  if (kind !== 'yarn') throw fields.refuse(`${NAME}.type`, 'supported are none, linear and yarn')
  fields.only(`${NAME}.yarn_log_multiplier`, 0)
  const length = fields.number(`${NAME}.attn_factor`, 1)
  return {
    kind,
    factor,
    original: fields.number(`${NAME}.original_context_length`, fields.number('context_length')),
    betaFast: YARN_BETAS.fast,
    betaSlow: YARN_BETAS.slow,
    truncate: true,
    ...(length !== 1 && { attentionFactor: shortest(Math.fround(length * yarnLength(factor))) }),
  }
}

type Rotary = Pick<StackConfig, 'ropeTheta' | 'ropeScaling' | 'context' | 'headDim'>

/** The factors of a configuration scaled as Llama 3.1, (headDim / 2); none for any other. */
export function ropeFactors({ ropeTheta, ropeScaling, context, headDim }: Rotary): GgufConstant[] {
  if (ropeScaling?.kind !== 'llama3') return []
  const options = { theta: ropeTheta, context, headDim }
  const plain = rotaryFrequencies(options).frequencies
  const scaled = rotaryFrequencies({ ...options, scaling: ropeScaling }).frequencies
  const values = Float32Array.from(plain, (frequency, i) => frequency / (scaled[i] as number))
  return [{ name: ROPE_FACTORS, values }]
}

/**
 * A configuration with the scaling that the file's factors have. Throws UserError where they are
 * none of Llama 3.1's.
 */
export function withRopeFactors<C extends Rotary>(config: C, factors: Float32Array): C {
  if (config.ropeScaling?.kind !== 'llama3') return config
  const { factor: said } = config.ropeScaling
  // The slowest pairs are divided by the factor.
  const factor = said || factors.reduce((most, value) => Math.max(most, value), -Infinity)
  const result = { ...config, ropeScaling: { ...config.ropeScaling, factor } }
  const [expected] = ropeFactors(result)
  const fits =
    factors.length === expected?.values.length &&
    factors.every((value, i) => Math.abs(value / (expected.values[i] as number) - 1) < 1e-4)
  if (fits) return result
  throw new UserError(
    `${ROPE_FACTORS}: the frequencies are scaled otherwise than Llama 3.1's; only these are ` +
      'supported',
  )
}
