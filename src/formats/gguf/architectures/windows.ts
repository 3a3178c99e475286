import type { DecoderConfig } from '../../../models/decoder-config.ts'
import { isWindowed } from '../../../models/stack-config.ts'
import { flags, uint32 } from '../make-value.ts'
import type { GgufFieldReader, GgufFields } from './fields.ts'

const SIZE = 'attention.sliding_window'
const PATTERN = 'attention.sliding_window_pattern'

type Windows = Pick<DecoderConfig, 'window' | 'windowed'>

/** A window in all layers but each `usual`-th; or as the pattern says, a number or a list. */
export function readWindows(
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
export function writeWindows(config: DecoderConfig, usual: number): GgufFields {
  if (config.window === undefined) return { [SIZE]: uint32(0) }
  const windowed = Array.from({ length: config.layers }, (_, i) => isWindowed(config, i))
  const isUsual = windowed.every((has, i) => has === (i + 1) % usual > 0)
  return { [SIZE]: uint32(config.window), ...(!isUsual && { [PATTERN]: flags(windowed) }) }
}
