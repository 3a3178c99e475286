/** Matches any of `contents`, the longest first; undefined if there are none. */
export function tokenPattern(contents: readonly string[]): RegExp | undefined {
  if (contents.length === 0) return undefined
  const longestFirst = [...contents].sort((a, b) => b.length - a.length)
  return new RegExp(longestFirst.map(escapeRegExp).join('|'), 'gu')
}

export const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** Cuts `text` into what lies between the matches of `pattern`, and the matches. */
export function* splitAt(
  text: string,
  pattern: RegExp | undefined,
): Generator<{ text: string; isToken: boolean }> {
  let from = 0
  if (pattern) {
    for (const match of text.matchAll(pattern)) {
      if (match.index > from) yield { text: text.slice(from, match.index), isToken: false }
      yield { text: match[0], isToken: true }
      from = match.index + match[0].length
    }
  }
  if (from < text.length) yield { text: from === 0 ? text : text.slice(from), isToken: false }
}

/** White space by Unicode's property: JavaScript's own has U+FEFF and lacks U+0085. */
const isSpace = (unit: string | undefined): boolean =>
  unit !== undefined && /\p{White_Space}/u.test(unit)

/** Index of the first character from `from` on that is not white space. */
export function spaceEnd(text: string, from: number): number {
  let end = from
  while (isSpace(text[end])) end++
  return end
}

/** Index where the white space that ends at `to` starts, `from` at the earliest. */
export function spaceStart(text: string, to: number, from = 0): number {
  let start = to
  while (start > from && isSpace(text[start - 1])) start--
  return start
}
