import type { Tokenizer } from '../text/tokenizer.ts'
import { encodeDocuments } from './encode-documents.ts'
import type { TextPiece } from './text-pieces.ts'

/** A long run of token ids, read by position: a file (`store/token-file.ts`) or memory. */
export interface TokenSource {
  /** Number of tokens. */
  readonly length: number
  /** Fills `into` with the ids from `offset` on. Throws RangeError where there are not so many. */
  read(offset: number, into: Int32Array): void
}

/** Tokens that know where each document begins. */
export interface DocumentTokens extends TokenSource {
  /** Offset of each document's first token, ascending. */
  documentStarts(): ArrayLike<number>
}

/** Ids in memory; without `starts` they are one document. */
export function memoryTokens(
  ids: ArrayLike<number>,
  starts: ArrayLike<number> = [0],
): DocumentTokens {
  const tokens = ids instanceof Int32Array ? ids : Int32Array.from(ids)
  return {
    length: tokens.length,
    read: (offset, into) => {
      checkRange(tokens.length, offset, into.length)
      into.set(tokens.subarray(offset, offset + into.length))
    },
    documentStarts: () => starts,
  }
}

/** Documents tokenized into memory; see `encodeDocuments` for the options. */
export async function encodeToMemory(
  documents: AsyncIterable<TextPiece>,
  tokenizer: Tokenizer,
  options?: { marks?: boolean },
): Promise<DocumentTokens> {
  // A list of numbers ends at 134 million.
  let ids = new Int32Array(2 ** 16)
  let count = 0
  const starts: number[] = []
  for await (const piece of encodeDocuments(documents, tokenizer, options)) {
    if (piece.starts) starts.push(count)
    const needed = count + piece.ids.length
    if (needed > ids.length) {
      const larger = new Int32Array(Math.max(needed, 2 * ids.length))
      larger.set(ids.subarray(0, count))
      ids = larger
    }
    ids.set(piece.ids, count)
    count = needed
  }
  return memoryTokens(ids.subarray(0, count), starts)
}

export function checkRange(length: number, offset: number, count: number): void {
  if (offset >= 0 && offset + count <= length) return
  throw new RangeError(`tokens ${offset} to ${offset + count} of ${length} do not exist`)
}
