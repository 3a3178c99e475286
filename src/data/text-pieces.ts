/**
 * A part of a document. A large text comes in several pieces, so that it is never held whole; `end`
 * is set on the last piece of each document, which is empty only when the document is.
 */
export interface TextPiece {
  /** Which document: `book.txt`, `stories.jsonl:12`. */
  readonly name: string
  readonly text: string
  readonly end: boolean
}

/** UTF-16 units: enough for a tokenizer to work at its full speed. */
const PIECE = 2 ** 20

/**
 * One document of any length in pieces of `size` to four times `size` UTF-16 units. Each ends where
 * a word does, and the next begins with the separator after it: there the split patterns of GPT-2,
 * cl100k and o200k start a new token whatever came before, so the pieces encode as the whole text
 * does. Where no word ends, the cut falls between any two characters.
 */
export async function* textPieces(
  parts: AsyncIterable<string> | Iterable<string>,
  name: string,
  size = PIECE,
): AsyncGenerator<TextPiece> {
  let text = ''
  for await (const part of parts) {
    text += part
    while (text.length > size) {
      const cut = lastWordEnd(text, 4 * size) ?? characterEnd(text, 4 * size)
      if (cut === undefined) break
      yield { name, text: text.slice(0, cut), end: false }
      text = text.slice(cut)
    }
  }
  yield { name, text, end: true }
}

/** Texts in memory, one document each. */
export async function* textDocuments(texts: Iterable<string>): AsyncGenerator<TextPiece> {
  let number = 0
  for (const text of texts) yield* textPieces([text], `document ${++number}`)
}

/** Code points of well-formed text, and its bytes in UTF-8. */
export function measureText(text: string): { characters: number; bytes: number } {
  let characters = text.length
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (!isSurrogate(unit)) bytes += 3
    else {
      bytes += 2
      if (isLowSurrogate(unit)) characters--
    }
  }
  return { characters, bytes }
}

/** Index in UTF-16 units of the character numbered `character`. */
export function unitIndex(text: string, character: number): number {
  let index = 0
  for (let i = 0; i < character; i++) index += (text.codePointAt(index) as number) > 0xffff ? 2 : 1
  return index
}

const isSurrogate = (unit: number) => (unit & 0xf800) === 0xd800
const isLowSurrogate = (unit: number) => (unit & 0xfc00) === 0xdc00

const WORD_END = /^\p{L}[ \n,，。、！？；：]\p{L}$/u
const IS_SEPARATOR = new Uint8Array(2 ** 16)
for (const separator of ' \n,，。、！？；：') IS_SEPARATOR[separator.charCodeAt(0)] = 1

/** The last index up to `limit` between a letter and a separator that a letter follows. */
function lastWordEnd(text: string, limit: number): number | undefined {
  for (let cut = Math.min(limit, text.length - 2); cut > 0; cut--) {
    // Most characters are no separators.
    if (IS_SEPARATOR[text.charCodeAt(cut)] === 0) continue
    if (WORD_END.test(text.slice(cut - 1, cut + 2))) return cut
  }
  return undefined
}

/** The last index up to `limit` that divides no character; none where the text ends there. */
function characterEnd(text: string, limit: number): number | undefined {
  if (text.length <= limit) return undefined
  return isLowSurrogate(text.charCodeAt(limit)) ? limit - 1 : limit
}
