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
  const tokens = Int32Array.from(ids)
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
  const ids: number[] = []
  const starts: number[] = []
  for await (const piece of encodeDocuments(documents, tokenizer, options)) {
    if (piece.starts) starts.push(ids.length)
    for (const id of piece.ids) ids.push(id)
  }
  return memoryTokens(ids, starts)
}

export function checkRange(length: number, offset: number, count: number): void {
  if (offset >= 0 && offset + count <= length) return
  throw new RangeError(`tokens ${offset} to ${offset + count} of ${length} do not exist`)
}
