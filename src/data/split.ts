import { measureText, type TextPiece, unitIndex } from './text-pieces.ts'

/**
 * Cuts documents in two after `at` characters, counted over all of them; the document at the cut is
 * divided. Both parts draw on the same stream: read the first to its end, then the second.
 */
export function splitDocuments(
  pieces: AsyncIterable<TextPiece>,
  at: number,
): [AsyncIterable<TextPiece>, AsyncIterable<TextPiece>] {
  const stream = pieces[Symbol.asyncIterator]()
  let rest: TextPiece | undefined

  async function* first(): AsyncGenerator<TextPiece> {
    for (let left = at; left > 0; ) {
      const { done, value: piece } = await stream.next()
      if (done) return
      const { characters } = measureText(piece.text)
      if (characters > left) {
        const cut = unitIndex(piece.text, left)
        rest = { ...piece, text: piece.text.slice(cut) }
        yield { ...piece, text: piece.text.slice(0, cut), end: true }
        return
      }
      left -= characters
      yield left > 0 ? piece : { ...piece, end: true }
    }
  }

  async function* second(): AsyncGenerator<TextPiece> {
    if (rest) yield rest
    yield* { [Symbol.asyncIterator]: () => stream }
  }

  return [first(), second()]
}

/** Where `splitDocuments` cuts so that about `fraction` of the characters comes last. */
export const splitPoint = (characters: number, fraction: number): number =>
  Math.floor(characters * (1 - fraction))
