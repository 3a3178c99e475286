import { UserError } from '../../errors.ts'
import type { Examples } from '../batch.ts'
import { IGNORE } from '../batch.ts'
import type { ExampleSet } from '../example-set.ts'
import { type EncodedConversation, type Packing, packConversations } from './packing.ts'

export interface PackedConversations extends ExampleSet {
  readonly packing: Packing
  /** Rows of these conversations as a batch. */
  layOut(rows: readonly (readonly EncodedConversation[])[]): Examples
}

/**
 * Conversations packed into rows of `length` tokens, see `packConversations`. A row is an example.
 * A batch has `ids`, `targets`, `segments` (1, 2, ... by conversation of the row; 0 where nothing
 * is) and `positions` within the conversation, (rows, length) each. Throws UserError where no
 * conversation has anything to learn from.
 */
export function packedConversations(
  conversations: readonly EncodedConversation[],
  length: number,
): PackedConversations {
  const packing = packConversations(conversations, length)
  const { truncated, cutTokens, leftOut } = packing
  const all = conversations.length
  if (packing.rows.length === 0)
    throw new UserError(
      `none of ${all} conversations has an answer within a context of ${length} tokens; give ` +
        'other data or a larger context',
    )
  return {
    packing,
    count: packing.rows.length,
    longest: length,
    notices: [
      truncated > 0
        ? `${truncated} of ${all} conversations were cut to ${length} tokens, ` +
          `losing ${cutTokens} tokens`
        : [],
      leftOut > 0
        ? `${leftOut} of ${all} conversations were left out: no answer within ${length} tokens`
        : [],
    ].flat(),
    layOut: (rows) => layOut(rows, length),
    collate: (indices) => {
      const rows = indices.map((index) => packing.rows[index] ?? [])
      return layOut(
        rows.map((row) => row.map((number) => conversations[number] as EncodedConversation)),
        length,
      )
    },
  }
}

function layOut(rows: readonly (readonly EncodedConversation[])[], length: number): Examples {
  const size = rows.length * length
  const ids = new Int32Array(size)
  const targets = new Int32Array(size).fill(IGNORE)
  const segments = new Int32Array(size)
  const positions = new Int32Array(size)
  let count = 0
  for (const [row, conversations] of rows.entries()) {
    let at = row * length
    for (const [index, conversation] of conversations.entries()) {
      // The last token is only ever a target.
      const kept = Math.min(conversation.ids.length - 1, length)
      for (let i = 0; i < kept; i++, at++) {
        ids[at] = conversation.ids[i] as number
        segments[at] = index + 1
        positions[at] = i
        if (!conversation.mask[i + 1]) continue
        targets[at] = conversation.ids[i + 1] as number
        count++
      }
    }
  }
  const arrays = { ids, targets, segments, positions }
  return { rows: rows.length, length, arrays, count }
}
