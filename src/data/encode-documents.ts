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

/**
 * Tokenizes documents. With `bos` (default), each begins with the tokenizer's BOS, or where it has none
 * with the token that ends texts.
 * Throws the tokenizer's UserError with the document's name before it.
 */
export async function* encodeDocuments(
  documents: AsyncIterable<TextPiece>,
  tokenizer: Tokenizer,
  { bos = true }: { bos?: boolean } = {},
): AsyncGenerator<EncodedPiece> {
  const first = bos ? documentStart(tokenizer) : undefined
  const start = first === undefined ? [] : [first]
  let starts = true
  for await (const { name, text, end } of documents) {
    const ids = encode(tokenizer, text, name)
    yield { ids: starts ? start.concat(ids) : ids, starts, ...measureText(text) }
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
