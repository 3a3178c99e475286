import type { DecoderConfig } from '../../models/decoder-config.ts'
import type { FieldReader } from './fields.ts'

type Windows = Pick<DecoderConfig, 'window' | 'windowed'>

/** Kinds of attention layers, as `layer_types` names them. */
const TYPES = { sliding_attention: true, full_attention: false } as const

/** `layer_types`, or what `fallback` says of each layer. */
export function readLayerTypes(
  field: FieldReader,
  layers: number,
  fallback: (layer: number) => boolean,
): boolean[] {
  const given = field.list('layer_types')
  if (!given) return Array.from({ length: layers }, (_, i) => fallback(i))
  if (given.length !== layers) throw field.refuse('layer_types', `there are ${layers} layers`)
  return given.map((type) => {
    if (typeof type === 'string' && Object.hasOwn(TYPES, type))
      return TYPES[type as keyof typeof TYPES]
    throw field.refuse('layer_types', `supported is ${Object.keys(TYPES).join(', ')}`)
  })
}

/** Refuses `layer_types` in which a layer has a window and the model none, or the reverse. */
export function onlyLayerTypes(field: FieldReader, { layers, window }: DecoderConfig): void {
  const isWindowed = window !== undefined
  const expected = isWindowed ? 'sliding_attention' : 'full_attention'
  if (readLayerTypes(field, layers, () => isWindowed).includes(!isWindowed))
    throw field.refuse('layer_types', `here all layers of such a model have ${expected}`)
}

/** A window of `size` in some layers; none where no layer has it. */
export function windowsOf(size: number | undefined, windowed: readonly boolean[]): Windows {
  if (size === undefined || !windowed.includes(true)) return {}
  return windowed.includes(false) ? { window: size, windowed: [...windowed] } : { window: size }
}

export const writeLayerTypes = ({ layers, window, windowed }: Windows & { layers: number }) =>
  Array.from({ length: layers }, (_, i) =>
    window !== undefined && (windowed?.[i] ?? true) ? 'sliding_attention' : 'full_attention',
  )
