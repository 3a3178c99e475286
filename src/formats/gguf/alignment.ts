import { UserError } from '../../errors.ts'
import type { GgufValue } from './values.ts'

export const ALIGNMENT_KEY = 'general.alignment'
const DEFAULT = 32

/** The bytes whose multiples tensors begin at. Throws UserError where they are no power of two. */
export function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const found = metadata.get(ALIGNMENT_KEY)
  if (!found) return DEFAULT
  const { type, value } = found
  if (type !== 'uint32' || !Number.isInteger(Math.log2(Number(value)))) {
    const given = type === 'array' ? type : `${type} ${value}`
    throw new UserError(
      `metadata "${ALIGNMENT_KEY}" is ${given}; expected a power of two, as uint32`,
    )
  }
  return Number(value)
}

export const align = (offset: number, alignment: number): number =>
  Math.ceil(offset / alignment) * alignment
