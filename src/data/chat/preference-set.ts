import { type Examples, IGNORE } from '../batch.ts'
import type { ExampleSet } from '../example-set.ts'
import type { EncodedConversation } from './packing.ts'

/** Two conversations that differ in their answers; each mask is 1 on the answer's tokens. */
export interface EncodedPair {
  readonly chosen: EncodedConversation
  readonly rejected: EncodedConversation
}

export interface PreferenceSet extends ExampleSet {
  /** Tokens of the answers of each pair, the rejected ones behind the preferred ones. */
  readonly targets: readonly number[]
  /** Their log-probabilities under a reference, for each pair, once they are known. */
  reference: readonly Float32Array[] | undefined
}

/**
 * Pairs as examples of twice `length` tokens. A batch has `ids`, `targets` and, once it is known,
 * `reference` (rows, 2, length): the conversation with the preferred answer, then the other. A pair
 * is left out where a prompt leaves no room for an answer.
 */
export function preferenceSet(
  pairs: readonly EncodedPair[],
  {
    length,
    padId = 0,
    notices = [],
  }: { length: number; padId?: number | undefined; notices?: readonly string[] },
): PreferenceSet {
  const sizeOf = ({ ids }: EncodedConversation) => Math.min(ids.length - 1, length)
  /** Where the token after place i is one of the answer's, i is among them. */
  const placesOf = (conversation: EncodedConversation): number[] => {
    const places: number[] = []
    for (let i = 0; i < sizeOf(conversation); i++) if (conversation.mask[i + 1]) places.push(i)
    return places
  }
  const all = pairs.map(({ chosen, rejected }) =>
    [chosen, rejected].map((one) => ({ ids: one.ids, size: sizeOf(one), places: placesOf(one) })),
  )
  const kept = all.filter((pair) => pair.every(({ places }) => places.length > 0))
  const cut = kept.filter((pair) => pair.some(({ ids }) => ids.length - 1 > length)).length
  const set: PreferenceSet = {
    count: kept.length,
    longest: all.flat().reduce((most, { size }) => Math.max(most, size), 1),
    notices: [...notices, ...changesOf({ all: all.length, kept: kept.length, cut, length })],
    targets: kept.map((pair) => pair.reduce((total, { places }) => total + places.length, 0)),
    reference: undefined,
    collate: (indices) => layOut(indices),
  }
  const layOut = (indices: readonly number[]): Examples => {
    const { reference } = set
    const rows = indices.length
    const size = rows * 2 * length
    const ids = new Int32Array(size).fill(padId)
    const targets = new Int32Array(size).fill(IGNORE)
    const known = reference && new Float32Array(size)
    for (const [row, index] of indices.entries()) {
      let next = 0
      for (const [side, one] of (kept[index] as (typeof kept)[number]).entries()) {
        const start = (2 * row + side) * length
        for (let i = 0; i < one.size; i++) ids[start + i] = one.ids[i] as number
        for (const place of one.places) {
          targets[start + place] = one.ids[place + 1] as number
          if (known) known[start + place] = reference[index]?.[next++] as number
        }
      }
    }
    const arrays = { ids, targets, ...(known && { reference: known }) }
    return { rows, length: 2 * length, arrays, count: rows }
  }
  return set
}

function changesOf(given: { all: number; kept: number; cut: number; length: number }): string[] {
  const { all, kept, cut, length } = given
  return [
    cut > 0 ? `${cut} of ${all} pairs are longer than ${length} tokens, and lose their ends` : [],
    kept < all
      ? `${all - kept} of ${all} pairs are left out, since a prompt fills ${length} tokens`
      : [],
  ].flat()
}
