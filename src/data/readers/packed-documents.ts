import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { DocumentTokens } from '../token-source.ts'
import { parseState, position, type RowReader } from './reader.ts'
import { ShuffledIndices } from './shuffled-indices.ts'

const schema = z.object({ order: z.unknown(), offset: position, last: position.optional() })

/**
 * Documents one after the other, in a new random order each time round, cut into rows without
 * regard to their ends: in each round every token is read once. Each begins with BOS if it was
 * tokenized so.
 */
export function packedDocuments(source: DocumentTokens, { seed }: { seed: number }): RowReader {
  if (source.length === 0) throw new UserError('the data holds no tokens; give a source with text')
  const starts = source.documentStarts()
  const order = new ShuffledIndices(starts.length, seed)
  /** Tokens of the present document that were read. */
  let offset = 0
  /** A row's last token is the next row's first, so that each token is a target. */
  let last: number | undefined

  const fill = (into: Int32Array): void => {
    for (let done = 0; done < into.length; ) {
      const start = starts[order.current] as number
      const end = starts[order.current + 1] ?? source.length
      const count = Math.min(end - start - offset, into.length - done)
      source.read(start + offset, into.subarray(done, done + count))
      done += count
      offset += count
      if (start + offset === end) {
        order.advance()
        offset = 0
      }
    }
  }
  return {
    read: (row) => {
      if (last === undefined) fill(row)
      else {
        row[0] = last
        fill(row.subarray(1))
      }
      last = row.at(-1)
    },
    state: () => ({ order: order.state(), offset, last }),
    restore: (state) => {
      const saved = parseState(schema, state, 'packed documents')
      order.restore(saved.order)
      offset = saved.offset
      last = saved.last
    },
  }
}
