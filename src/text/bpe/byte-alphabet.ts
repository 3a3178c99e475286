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
