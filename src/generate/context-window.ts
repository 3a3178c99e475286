import type { DecodeProgram } from './decode-program.ts'
import type { Decoding } from './decoding.ts'
import type { Sequence } from './sequence.ts'

/** Tokens that the cache of the longest sequence must hold. */
export const capacityFor = ({ stack }: DecodeProgram, sequences: readonly Sequence[]): number =>
  Math.min(stack.context, Math.max(...sequences.map(({ longest }) => longest)))

/** Reads the second half of a full context anew, at the first positions, as its text stands now. */
export async function slide(
  decoding: Decoding,
  row: number,
  { tokens }: Sequence,
  signal: AbortSignal | undefined,
): Promise<void> {
  decoding.seek(row, 0)
  await decoding.read(row, tokens.slice(-Math.ceil(decoding.capacity / 2), -1), { signal })
}
