import { differences } from '../../models/differences.ts'
import type { StackConfig } from '../../models/stack-config.ts'
import type { RopeScaling } from '../../nn/index.ts'
import { contradiction, type FieldReader, fieldReader } from './fields.ts'

type Rope = Pick<StackConfig, 'ropeTheta' | 'ropeScaling'>

/** Newer files have `rope_parameters`, older ones `rope_scaling`; some have both. */
const SETS = ['rope_parameters', 'rope_scaling'] as const
/** Where layers with a window have positions of their own, each kind of layer has a set. */
const KINDS = ['full_attention', 'sliding_attention'] as const

interface RopeOptions {
  /** The field with the base of the wavelengths outside of all sets (default: `rope_theta`). */
  field?: string
  /** The base where the file says none. */
  theta: number
  /** The context of the training, where a scaling does not say. */
  context: number
}

/**
 * Rotary positions of all layers. A base inside a set and one beside it are the same setting, and
 * so are both generations of sets. Throws UserError with both values where they differ.
 */
export function readRope(field: FieldReader, options: RopeOptions): Rope {
  for (const name of SETS) {
    const set = field.object(name)
    const kind = set && KINDS.find((kind) => set[kind])
    if (kind) throw field.refuse(name, `all layers have one set of positions here, not ${kind}`)
  }
  return readKind(field, 'full_attention', options)
}

/** Rotary positions where layers with a window have their own, which are never scaled. */
export function readRopes(
  field: FieldReader,
  full: RopeOptions,
  sliding: { field: string; theta: number | undefined },
): Rope & Pick<StackConfig, 'windowRopeTheta'> {
  const rope = readKind(field, 'full_attention', full)
  const { theta = rope.ropeTheta } = sliding
  const window = readKind(field, 'sliding_attention', { ...full, ...sliding, theta })
  if (window.ropeScaling)
    throw field.refuse('rope_parameters', 'those of layers with a window cannot be scaled')
  return { ...rope, windowRopeTheta: window.ropeTheta }
}

/** All that a file says of one kind of layers; a set without kinds is that of `full_attention`. */
function readKind(
  field: FieldReader,
  kind: (typeof KINDS)[number],
  { field: beside = 'rope_theta', theta, context }: RopeOptions,
): Rope {
  field.only('partial_rotary_factor', 1)
  const original = field.optionalCount('original_max_position_embeddings')
  const sets = SETS.flatMap((name) => {
    const set = field.object(name)
    if (!set) return []
    if (!KINDS.some((kind) => set[kind])) return kind === 'full_attention' ? [{ name, set }] : []
    const own = fieldReader(set, new Set(), `${name}.`).object(kind)
    return own ? [{ name: `${name}.${kind}`, set: own }] : []
  })
  const read = sets.map(({ name, set }) => ({
    name,
    set,
    ...readSet(set, name, original ?? context),
  }))
  const saying = (setting: 'rope_theta' | 'original_max_position_embeddings'): Said[] =>
    read.map((set) => [`${set.name}.${setting}`, set[setting]])
  const setting = 'original_max_position_embeddings'
  agreed([[setting, original], ...saying(setting)])
  const ropeTheta = agreed([[beside, field.optionalPositive(beside)], ...saying('rope_theta')])
  const [first, second] = read.filter(({ scaling }) => scaling !== undefined)
  if (first && second && differences(first.scaling, second.scaling).length > 0)
    throw contradiction([first.name, first.set], [second.name, second.set])
  return {
    ropeTheta: ropeTheta ?? theta,
    ropeScaling: first?.scaling ?? undefined,
  }
}

type Said = [name: string, value: number | undefined]

/** The one value that all say that say any. Throws UserError with two that differ. */
function agreed(said: readonly Said[]): number | undefined {
  const [first, ...others] = said.filter(([, value]) => value !== undefined)
  const other = others.find(([, value]) => value !== first?.[1])
  if (first && other) throw contradiction(first, other)
  return first?.[1]
}

interface RopeSet {
  rope_theta: number | undefined
  original_max_position_embeddings: number | undefined
  /** Null: none, and the set says so; undefined: the set names no type. */
  scaling: RopeScaling | null | undefined
}

/** What one set says; one that names no type may only give the base. */
function readSet(
  fields: Readonly<Record<string, unknown>>,
  where: string,
  context: number,
): RopeSet {
  const known = new Set<string>()
  const field = fieldReader(fields, known, `${where}.`)
  field.only('partial_rotary_factor', 1)
  const theta = field.optionalPositive('rope_theta')
  const original = field.optionalCount('original_max_position_embeddings')
  // Older files say `type`.
  const older = field.has('type') ? field.string('type') : undefined
  const name = field.has('rope_type') || older === undefined ? 'rope_type' : 'type'
  const kind = field.word(name, TYPES, 'default')
  if (older !== undefined && fields[name] !== older)
    throw contradiction([`${where}.rope_type`, fields[name]], [`${where}.type`, older])
  if (kind === 'default') field.only('factor', 1)
  const scaling =
    kind === 'default' ? null : SCALINGS[kind](field, field.positive('factor'), original ?? context)
  const unknown = Object.keys(fields).find((key) => fields[key] !== null && !known.has(key))
  if (unknown !== undefined)
    throw field.refuse(unknown, `it is not known to positions of the type ${kind}`)
  return {
    rope_theta: theta,
    original_max_position_embeddings: original,
    scaling: field.has(name) ? scaling : undefined,
  }
}

const TYPES = {
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
    // Of the first models with YaRN: whether they were trained with it, which changes nothing.
    field.ignore('finetuned')
    const attentionFactor = field.optionalPositive('attention_factor')
    return {
      kind: 'yarn',
      factor,
      original,
      betaFast: field.positive('beta_fast', 32),
      betaSlow: field.positive('beta_slow', 1),
      truncate: field.boolean('truncate', true),
      ...(attentionFactor !== undefined && { attentionFactor }),
    }
  },
  llama3: (field, factor, original) => ({
    kind: 'llama3',
    factor,
    original,
    low: field.positive('low_freq_factor'),
    high: field.positive('high_freq_factor'),
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
