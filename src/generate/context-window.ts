import { UserError } from '../errors.ts'
import type { DecodeProgram } from './decode-program.ts'
import type { Decoding } from './decoding.ts'
import type { Sequence } from './sequence.ts'

/**
 * Tokens that fit after a prompt. The last one is predicted from a full context, and not read.
 * Throws UserError if the prompt alone does not fit.
 */
export function roomAfter(promptTokens: number, context: number): number {
  if (promptTokens <= context) return context - promptTokens + 1
  throw new UserError(
    `the prompt has ${promptTokens} tokens, but the model's context is ${context}; shorten it`,
  )
}

/** Tokens that the cache must hold for the longest sequence. */
export const capacityFor = ({ stack }: DecodeProgram, sequences: readonly Sequence[]): number =>
  Math.min(stack.context, Math.max(...sequences.map(({ longest }) => longest)))

/** Reads the second half of a full context again, from the first position on. */
export async function slide(
  decoding: Decoding,
  row: number,
  { tokens }: Sequence,
  signal: AbortSignal | undefined,
): Promise<void> {
  decoding.seek(row, 0)
  await decoding.read(row, tokens.slice(-Math.ceil(decoding.capacity / 2), -1), { signal })
}
