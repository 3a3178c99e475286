/** What becomes of what a pattern matches, by the names of tokenizer.json. */
export type Behavior =
  | 'Removed'
  | 'Isolated'
  | 'MergedWithPrevious'
  | 'MergedWithNext'
  | 'Contiguous'

interface Piece {
  readonly text: string
  readonly isMatch: boolean
}

/** Cuts `text` at the matches of a global `pattern`; with `invert`, at what lies between them. */
export function splitText(
  text: string,
  pattern: RegExp,
  behavior: Behavior,
  invert = false,
): string[] {
  const pieces = piecesOf(text, pattern, invert)
  const words: string[] = []
  pieces.forEach(({ text: piece, isMatch }, i) => {
    const previous = pieces[i - 1]
    if (behavior === 'Removed' && isMatch) return
    const isJoined =
      previous &&
      ((behavior === 'Contiguous' && isMatch === previous.isMatch) ||
        (behavior === 'MergedWithPrevious' && isMatch && !previous.isMatch) ||
        (behavior === 'MergedWithNext' && !isMatch && previous.isMatch))
    if (isJoined) words.push(words.pop() + piece)
    else words.push(piece)
  })
  return words
}

function piecesOf(text: string, pattern: RegExp, invert: boolean): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  const add = (to: number, isMatch: boolean) => {
    if (to > from) pieces.push({ text: text.slice(from, to), isMatch: isMatch !== invert })
    from = to
  }
  for (const match of text.matchAll(pattern)) {
    add(match.index, false)
    add(match.index + match[0].length, true)
  }
  add(text.length, false)
  return pieces
}
