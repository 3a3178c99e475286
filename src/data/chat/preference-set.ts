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
 * is left out where it is longer than `length`, since the end of an answer that is cut off could be
 * what decides; and where both conversations have the same ids.
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
  const whole = [...all.keys()].filter((i) => all[i]?.every(({ ids }) => ids.length - 1 <= length))
  const numbers = whole.filter((i) => differs(pairs[i] as EncodedPair))
  const kept = numbers.map((i) => all[i] as (typeof all)[number])
  const set: PreferenceSet = {
    count: kept.length,
    kept: numbers,
    longest: all.flat().reduce((most, { size }) => Math.max(most, size), 1),
    notices: [
      ...notices,
      ...leftOutNotices({ all: all.length, whole: whole.length, kept: kept.length, length }),
    ],
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

/** Whether a model reads the two as different. */
export const differs = ({ chosen, rejected }: { chosen: Ids; rejected: Ids }): boolean =>
  Array.from(chosen.ids).join() !== Array.from(rejected.ids).join()

type Ids = Pick<EncodedConversation, 'ids'>

/** Notices about pairs left out: of `all`, those that are `whole`, and those `kept` of these. */
export function leftOutNotices(given: {
  all: number
  whole: number
  kept: number
  length: number
}): string[] {
  const { all, whole, kept, length } = given
  return [
    whole < all
      ? `${all - whole} of ${all} pairs are longer than ${length} tokens, and left out; they ` +
        'need a larger --context'
      : [],
    kept < whole
      ? `${whole - kept} of ${all} pairs have the same tokens as chosen and rejected, and are ` +
        'left out'
      : [],
  ].flat()
}
