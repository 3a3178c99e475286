/** Memory of a typed array as bytes. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** Bytes as 16-bit words; a copy where they are not aligned. */
export const wordsOf = (bytes: Uint8Array): Uint16Array => {
  const { buffer, byteOffset, length } = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes)
  return new Uint16Array(buffer, byteOffset, length / 2)
}
