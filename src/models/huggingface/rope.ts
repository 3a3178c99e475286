import type { RopeScaling } from '../../nn/index.ts'
import type { StackConfig } from '../stack-config.ts'
import { type FieldReader, fieldReader } from './fields.ts'

type Rope = Pick<StackConfig, 'ropeTheta' | 'ropeScaling'>

/**
 * `rope_theta` and `rope_scaling`, or both in `rope_parameters`, as newer files have them. `original`:
 * the context of the training, where the scaling does not say.
 */
export function readRope(field: FieldReader, theta: number, original: number): Rope {
  const parameters = field.object('rope_parameters')
  if (parameters) return readParameters(parameters, theta, original)
  const scaling = field.object('rope_scaling')
  return {
    ropeTheta: field.number('rope_theta', theta),
    ropeScaling: scaling && readScaling(scaling, original),
  }
}

/**
 * Rotary positions where layers with a window have their own: newer files have a set of
 * `rope_parameters` for each kind of layer. `rest`: the others' where there is no set;
 * `windowTheta`: that of layers with a window.
 */
export function readRopes(
  field: FieldReader,
  rest: Rope & { context: number },
  windowTheta: number,
): Rope & Pick<StackConfig, 'windowRopeTheta'> {
  const { full_attention: full, sliding_attention: sliding } = field.object('rope_parameters') ?? {}
  const read = (parameters: unknown, theta: number): Rope =>
    readParameters((parameters ?? {}) as Record<string, unknown>, theta, rest.context)
  const { ropeTheta, ropeScaling } = full ? read(full, rest.ropeTheta) : rest
  const window = read(sliding, windowTheta)
  if (window.ropeScaling)
    throw field.refuse('rope_parameters', 'those of layers with a window cannot be scaled')
  return {
    ropeTheta,
    ...(ropeScaling && { ropeScaling }),
    windowRopeTheta: window.ropeTheta,
  }
}

/** One set of `rope_parameters`. */
function readParameters(
  parameters: Readonly<Record<string, unknown>>,
  theta: number,
  original: number,
): Rope {
  const { rope_theta: given = theta, ...scaling } = parameters
  if (typeof given !== 'number')
    throw fieldReader({ rope_theta: given }, new Set()).refuse('rope_theta', 'it must be a number')
  return { ropeTheta: given, ropeScaling: readScaling(scaling, original) }
}

function readScaling(
  fields: Readonly<Record<string, unknown>>,
  original: number,
): RopeScaling | undefined {
  const known = new Set<string>()
  const field = fieldReader(fields, known)
  // Older files say `type`.
  const name = field.has('rope_type') || !field.has('type') ? 'rope_type' : 'type'
  field.ignore('type')
  const kind = field.word(name, KINDS, 'default')
  if (kind === 'default') return undefined
  const factor = field.number('factor')
  const from = field.number('original_max_position_embeddings', original)
  const scaling = SCALINGS[kind](field, factor, from)
  const unknown = Object.keys(fields).find((key) => !known.has(key))
  if (unknown !== undefined)
    throw field.refuse(unknown, `it is not known to rope_scaling of the type ${kind}`)
  return scaling
}

const KINDS = {
  default: 'default',
  linear: 'linear',
  dynamic: 'dynamic',
  yarn: 'yarn',
  llama3: 'llama3',
} as const

const SCALINGS: Readonly<
  Record<RopeScaling['kind'], (field: FieldReader, factor: number, original: number) => RopeScaling>
> = {
  linear: (_, factor) => ({ kind: 'linear', factor }),
  dynamic: (_, factor, original) => ({ kind: 'dynamic', factor, original }),
  yarn: (field, factor, original) => {
    field.only('mscale', 1)
    field.only('mscale_all_dim', 0)
    const attentionFactor = field.optionalNumber('attention_factor')
    return {
      ...{ kind: 'yarn', factor, original },
      betaFast: field.number('beta_fast', 32),
      betaSlow: field.number('beta_slow', 1),
      truncate: field.boolean('truncate', true),
      ...(attentionFactor !== undefined && { attentionFactor }),
    }
  },
  llama3: (field, factor, original) => ({
    ...{ kind: 'llama3', factor, original },
    low: field.number('low_freq_factor'),
    high: field.number('high_freq_factor'),
  }),
}

export const writeRope = ({ ropeTheta, ropeScaling }: Rope) => ({
  rope_theta: ropeTheta,
  rope_scaling: ropeScaling ? writeScaling(ropeScaling) : null,
})

function writeScaling(scaling: RopeScaling): Record<string, unknown> {
  const { kind, factor } = scaling
  if (kind === 'linear') return { rope_type: kind, factor }
  const common = {
    rope_type: kind,
    factor,
    original_max_position_embeddings: scaling.original,
  }
  if (kind === 'dynamic') return common
  if (kind === 'llama3')
    return { ...common, low_freq_factor: scaling.low, high_freq_factor: scaling.high }
  return {
    ...common,
    beta_fast: scaling.betaFast,
    beta_slow: scaling.betaSlow,
    truncate: scaling.truncate,
    ...(scaling.attentionFactor !== undefined && { attention_factor: scaling.attentionFactor }),
  }
}
