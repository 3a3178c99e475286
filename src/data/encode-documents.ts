import { UserError } from '../errors.ts'
import { documentStart, type Tokenizer } from '../text/tokenizer.ts'
import { measureText, type TextPiece } from './text-pieces.ts'

/** The ids of one piece of text; `starts` where a document begins with it. */
export interface EncodedPiece {
  readonly ids: readonly number[]
  readonly starts: boolean
  readonly characters: number
  readonly bytes: number
}

/** Special tokens around each document of a text, so that a model learns where one ends. */
export interface DocumentMarks {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/**
 * `documentStart` before each document and the end token (EOS; an encoder's separator) after it, if
 * the tokenizer has them. A token that is both comes once between two documents.
 */
export function documentMarks(tokenizer: Tokenizer): DocumentMarks {
  const start = documentStart(tokenizer)
  const end = tokenizer.eosId ?? tokenizer.sepId
  return {
    before: start === undefined ? [] : [start],
    after: end === undefined || end === start ? [] : [end],
  }
}

/** A notice for the user where no token separates documents. */
export const unmarkedNotice = ({ before, after }: DocumentMarks, documents: number): string[] =>
  documents > 1 && before.length + after.length === 0
    ? [
        'the tokenizer has no token for the end of a document: ' +
          `${documents} documents run into each other, and the model does not learn where one ends`,
      ]
    : []

/**
 * Tokenizes documents. With `marks` (default), each stands between the tokenizer's `documentMarks`.
 * Throws the tokenizer's UserError with the document's name before it.
 */
export async function* encodeDocuments(
  documents: AsyncIterable<TextPiece>,
  tokenizer: Tokenizer,
  { marks = true }: { marks?: boolean } = {},
): AsyncGenerator<EncodedPiece> {
  const { before, after } = marks ? documentMarks(tokenizer) : { before: [], after: [] }
  let starts = true
  for await (const { name, text, end } of documents) {
    const ids = encode(tokenizer, text, name)
    const marked = [...(starts ? before : [])].concat(ids, end ? after : [])
    yield { ids: marked, starts, ...measureText(text) }
    starts = end
  }
}

function encode(tokenizer: Tokenizer, text: string, name: string): number[] {
  try {
    return tokenizer.encode(text)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`${name}: ${error.message}`, { cause: error })
  }
}
