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

/**
 * GPT-2's printable alphabet: every byte has one visible character, so that a vocabulary of byte
 * strings is valid JSON (Radford et al. 2019). Printable Latin-1 stands for itself; the other 68
 * bytes, in order, are the characters from U+0100 on (a space is `Ġ`, a newline `Ċ`).
 */
const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae

/** Byte -> its character code. */
export const characterOfByte: Uint16Array = (() => {
  const codes = new Uint16Array(256)
  let next = 0x100
  for (let byte = 0; byte < 256; byte++) codes[byte] = isPrintable(byte) ? byte : next++
  return codes
})()

/** Character code -> byte + 1; 0 for a character outside the alphabet. */
export const byteOfCharacter: Uint16Array = (() => {
  const bytes = new Uint16Array(0x200)
  for (let byte = 0; byte < 256; byte++) bytes[characterOfByte[byte]!] = byte + 1
  return bytes
})()

/** The 256 bytes in the order of their characters: the order of ids in GPT-2's vocabulary. */
export const bytesInOrder: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte).sort(
  (a, b) => characterOfByte[a]! - characterOfByte[b]!,
)

/** How `bytes` are spelled in a vocabulary. */
export function tokenOfBytes(bytes: Uint8Array): string {
  let token = ''
  for (const byte of bytes) token += String.fromCharCode(characterOfByte[byte]!)
  return token
}
