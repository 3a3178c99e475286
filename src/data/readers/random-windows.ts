import { UserError } from '../../errors.ts'
import { Random } from '../../random.ts'
import type { TokenSource } from '../token-source.ts'
import { parseState, type RowReader, randomState } from './reader.ts'

/** Rows from anywhere in the tokens, every offset equally likely (as in nanoGPT). */
export function randomWindows(source: TokenSource, { seed }: { seed: number }): RowReader {
  let random = new Random(seed)
  return {
    read: (row) => {
      if (source.length < row.length) {
        throw new UserError(
          `the data has ${source.length} tokens, but a context of ${row.length - 1} needs at ` +
            `least ${row.length}; give more text or a smaller context`,
        )
      }
      source.read(random.integer(source.length - row.length + 1), row)
    },
    state: () => random.state,
    restore: (state) => {
      random = new Random(parseState(randomState, state, 'random windows'))
    },
  }
}
