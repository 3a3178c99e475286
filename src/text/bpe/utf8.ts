/** Bytes in the character that begins with `lead`. */
export const widthOf = (lead: number): number =>
  lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4

/** The code point at `at` of valid UTF-8. */
export function codePointAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!
  if (lead < 0x80) return lead
  const second = bytes[at + 1]! & 63
  if (lead < 0xe0) return ((lead & 31) << 6) | second
  const third = (second << 6) | (bytes[at + 2]! & 63)
  if (lead < 0xf0) return ((lead & 15) << 12) | third
  return ((lead & 7) << 18) | (third << 6) | (bytes[at + 3]! & 63)
}

/** Whether `byte` continues a character. */
export const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80

/** Whether `bytes` neither start nor end inside a character. */
export function isWhole(bytes: Uint8Array): boolean {
  let last = bytes.length - 1
  while (last > 0 && isContinuation(bytes[last]!)) last--
  return !isContinuation(bytes[0]!) && last + widthOf(bytes[last]!) === bytes.length
}
