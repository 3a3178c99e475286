import { UserError } from '../../errors.ts'
import { documentStart, type Tokenizer } from '../../text/tokenizer.ts'
import { varyTokens } from '../augment/augmented-rows.ts'
import { cutNotice, type ExampleSet } from '../example-set.ts'
import { sequenceRows } from '../sequences.ts'
import type { DocumentTokens } from '../token-source.ts'

/** Documents one by one, from the token that begins each to the one that ends it. */
export interface WholeDocuments {
  readonly count: number
  /** Tokens that the longest one needs of a context. */
  readonly longest: number
  /** Its tokens; the first is not text, and neither is the last. */
  tokens(index: number): Int32Array
  /** One document a row, padded to `length` tokens. */
  examples(length: number): ExampleSet
}

/** Throws UserError where the tokenizer has no token for the end of a document. */
export function wholeDocuments(source: DocumentTokens, tokenizer: Tokenizer): WholeDocuments {
  const { eosId: end, padId } = tokenizer
  const start = documentStart(tokenizer)
  if (start === undefined || end === undefined)
    throw new UserError(
      'the tokenizer has no token for the end of a document, which whole documents need; ' +
        'choose another tokenizer, or --documents packed',
    )
  const starts = source.documentStarts()
  const count = starts.length
  const sizeOf = (index: number) => (starts[index + 1] ?? source.length) - (starts[index] as number)
  /** As it is stored, where one token may both end a document and begin the next. */
  const tokens = (index: number): Int32Array => {
    const ids = new Int32Array(sizeOf(index) + 1)
    source.read(starts[index] as number, ids.subarray(0, -1))
    const last = ids.length - 2
    if (last > 0 && ids[last] === end) return ids.subarray(0, -1)
    ids[last + 1] = end
    return ids
  }
  let longest = 0
  for (let i = 0; i < count; i++) longest = Math.max(longest, sizeOf(i))
  return {
    count,
    longest,
    tokens,
    examples: (length) => {
      const layOut = (documents: readonly ArrayLike<number>[]) =>
        sequenceRows(
          documents.map((ids) => ({ ids, learnedFrom: 1 })),
          { length, padId },
        )
      let cut = 0
      for (let i = 0; i < count; i++) if (sizeOf(i) > length && tokens(i).length - 1 > length) cut++
      return {
        count,
        longest: Math.min(length, longest),
        notices: cutNotice(cut, count, length),
        collate: (indices) => layOut(indices.map(tokens)),
        vary: (indices, draw) =>
          layOut(
            indices.map((i) =>
              draw([...tokens(i)], ([start, ...ids], variation) => {
                const text = varyTokens(ids.slice(0, -1), tokenizer, variation)
                return [start as number, ...text, ids.at(-1) as number]
              }),
            ),
          ),
      }
    },
  }
}
