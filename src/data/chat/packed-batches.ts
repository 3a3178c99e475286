import { UserError } from '../../errors.ts'
import { emptyBatch, type PackedBatch } from '../batch.ts'
import type { BatchReader } from '../readers/reader.ts'
import { ShuffledIndices } from '../readers/shuffled-indices.ts'
import { type EncodedConversation, type Packing, packConversations } from './packing.ts'

export interface PackedConversations {
  readonly packing: Packing
  /** Batches without end, the rows in a new random order each time round. */
  reader(options: { seed: number }): BatchReader<PackedBatch>
  /** Each row once, in order, for evaluation; the last batch may have empty rows. */
  all(): Generator<PackedBatch>
}

/**
 * Conversations packed into batches of `rows` rows of `length` positions; see `packConversations`.
 * Throws UserError when none has anything to learn from.
 */
export function packedBatches(
  conversations: readonly EncodedConversation[],
  { rows, length }: { rows: number; length: number },
): PackedConversations {
  const packing = packConversations(conversations, length)
  const count = packing.rows.length
  if (count === 0) {
    throw new UserError(
      `none of ${conversations.length} conversations has an answer within a context of ${length} ` +
        'tokens; give other data or a larger context',
    )
  }
  const batchOf = (indices: readonly number[]): PackedBatch => {
    const batch = emptyPackedBatch(rows, length)
    indices.forEach((index, row) => {
      let offset = row * length
      packing.rows[index]?.forEach((number, segment) => {
        const conversation = conversations[number] as EncodedConversation
        offset += write(batch, offset, conversation, segment + 1)
      })
    })
    return batch
  }
  return {
    packing,
    reader: ({ seed }) => {
      const order = new ShuffledIndices(count, seed)
      const next = () => {
        const index = order.current
        order.advance()
        return index
      }
      return {
        next: () => batchOf(Array.from({ length: rows }, next)),
        state: () => order.state(),
        restore: (state) => order.restore(state),
      }
    },
    *all() {
      for (let start = 0; start < count; start += rows) {
        const size = Math.min(rows, count - start)
        yield batchOf(Array.from({ length: size }, (_, i) => start + i))
      }
    },
  }
}

const emptyPackedBatch = (rows: number, length: number): PackedBatch => ({
  ...emptyBatch(rows, length),
  segments: new Int32Array(rows * length),
  positions: new Int32Array(rows * length),
})

/** Writes one conversation at `offset` and returns its length. */
function write(
  { inputs, targets, segments, positions, length }: PackedBatch,
  offset: number,
  { ids, mask }: EncodedConversation,
  segment: number,
): number {
  const size = Math.min(ids.length - 1, length)
  for (let i = 0; i < size; i++) {
    inputs[offset + i] = ids[i] as number
    if (mask[i + 1]) targets[offset + i] = ids[i + 1] as number
    segments[offset + i] = segment
    positions[offset + i] = i
  }
  return size
}
