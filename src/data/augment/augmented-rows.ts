import { UserError } from '../../errors.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import type { BatchReader } from '../readers/reader.ts'
import { sequenceRows } from '../sequences.ts'
import type { Augmenter, Variation } from './augmenter.ts'
import { Draws } from './draws.ts'

/** Rows of text, decoded, varied and encoded again: they may end early, or lose their ends. */
export function augmentedRows(
  rows: BatchReader,
  augmenter: Augmenter,
  tokenizer: Tokenizer,
): BatchReader {
  const draws = new Draws(augmenter)
  const varied = (ids: readonly number[], variation: Variation) =>
    varyTokens(ids, tokenizer, variation)
  return {
    next: () => {
      const { arrays, rows: count, length } = rows.next()
      const { ids, targets } = arrays as Record<'ids' | 'targets', Int32Array>
      const sequences = Array.from({ length: count }, (_, row) => {
        const end = (row + 1) * length
        const read = [...ids.subarray(end - length, end), targets[end - 1] as number]
        return { ids: draws.next<readonly number[]>(read, varied), learnedFrom: 1 }
      })
      return sequenceRows(sequences, { length })
    },
    state: () => draws.state(rows.state()),
    restore: (state) => rows.restore(draws.restore(state)),
  }
}

/** Tokens of a row that a character may have been cut into, at either end. */
const CUT = 4

/**
 * The text between special tokens varied, and encoded again. What a cut left of a character at
 * either end stays as it is; so does text that the tokenizer cannot encode once it is varied.
 */
export function varyTokens(
  ids: readonly number[],
  tokenizer: Tokenizer,
  variation: Variation,
): number[] {
  const specials = new Set(Object.values(tokenizer.specialTokens))
  const result: number[] = []
  let run: number[] = []
  const close = () => {
    for (const id of varyRun(run, tokenizer, variation)) result.push(id)
    run = []
  }
  for (const id of ids) {
    if (!specials.has(id)) run.push(id)
    else {
      close()
      result.push(id)
    }
  }
  close()
  return result
}

function varyRun(
  run: readonly number[],
  tokenizer: Tokenizer,
  variation: Variation,
): readonly number[] {
  let [from, to] = [0, run.length]
  const decode = () => tokenizer.decode(run.slice(from, to))
  while (from < Math.min(CUT, to) && decode().startsWith('\ufffd')) from++
  while (to > Math.max(from, run.length - CUT) && decode().endsWith('\ufffd')) to--
  const text = decode()
  const varied = variation.text(text)
  if (varied === text) return run
  try {
    return [...run.slice(0, from), ...tokenizer.encode(varied), ...run.slice(to)]
  } catch (error) {
    if (error instanceof UserError) return run
    throw error
  }
}
