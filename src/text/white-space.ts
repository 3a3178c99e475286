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
