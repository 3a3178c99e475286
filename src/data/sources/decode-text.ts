import { UserError } from '../../errors.ts'

/** What to do with bytes that are not text: stop, or read U+FFFD and go on. */
export type EncodingErrors = 'refuse' | 'replace'

interface Encoding {
  readonly label: 'utf-8' | 'utf-16le' | 'utf-16be'
  readonly bom: readonly number[]
  /** U+FFFD, as the encoding writes it, and the alignment of its first byte. */
  readonly replacement: readonly number[]
  readonly unit: 1 | 2
  /** Length of `bytes` without a character cut off at the end. */
  complete(bytes: Uint8Array): number
  byteLength(text: string): number
}

const utf16 = (
  label: Encoding['label'],
  bom: readonly number[],
  replacement: readonly number[],
  high: 0 | 1,
): Encoding => ({
  label,
  bom,
  replacement,
  unit: 2,
  complete: (bytes) => {
    const even = bytes.length - (bytes.length % 2)
    const cut = ((bytes[even - 2 + high] ?? 0) & 0xfc) === 0xd8
    return cut ? even - 2 : even
  },
  byteLength: (text) => 2 * text.length,
})

const encoder = new TextEncoder()
const UTF8: Encoding = {
  label: 'utf-8',
  bom: [0xef, 0xbb, 0xbf],
  replacement: [0xef, 0xbf, 0xbd],
  unit: 1,
  complete: (bytes) => {
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
      const byte = bytes[bytes.length - back] as number
      if (byte >= 0xc0) {
        const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
        return needed > back ? bytes.length - back : bytes.length
      }
      if (byte < 0x80) break
    }
    return bytes.length
  },
  byteLength: (text) => encoder.encode(text).length,
}
const ENCODINGS = [
  UTF8,
  utf16('utf-16le', [0xff, 0xfe], [0xfd, 0xff], 1),
  utf16('utf-16be', [0xfe, 0xff], [0xff, 0xfd], 0),
]

/** Bytes in which a zero is looked for, as git does to tell text from the rest. */
const SNIFF = 8192

/**
 * Bytes as text: UTF-8, or UTF-16 where a byte order mark says so. The mark is not part of the text.
 * No character is divided between two parts. Throws UserError with file and byte offset at the first
 * bytes that are no text, unless `errors` is `'replace'`: then `replaced` is told how many there were.
 * A zero byte near the start is refused always: no text has one.
 */
export async function* decodeText(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  name: string,
  errors: EncodingErrors,
  replaced: (count: number) => void = () => {},
): AsyncGenerator<string> {
  let encoding: Encoding | undefined
  let decoder: TextDecoder | undefined
  let bytes: Uint8Array = new Uint8Array()
  let offset = 0
  let count = 0

  const decode = (length: number): string => {
    if (!encoding || !decoder) {
      encoding = encodingOf(bytes)
      decoder = new TextDecoder(encoding.label, { ignoreBOM: true })
      const mark = startsWith(bytes, 0, encoding.bom) ? encoding.bom.length : 0
      bytes = bytes.subarray(mark)
      offset = mark
      length = Math.max(0, length - mark)
      if (encoding.unit === 1) refuseZero(bytes, name)
    }
    const part = bytes.subarray(0, length)
    const text = decoder.decode(part)
    if (text.includes('\ufffd')) {
      const fault = firstFault(part, text, encoding)
      if (fault !== undefined && errors === 'refuse') {
        throw new UserError(
          `${name}: byte ${offset + fault} is not ${encoding.label.toUpperCase()} text; convert the file, or go on with U+FFFD in its place (--encoding-errors replace)`,
        )
      }
      if (fault !== undefined) count += countFaults(part, text, encoding)
    }
    bytes = bytes.subarray(length)
    offset += length
    return text
  }

  for await (const chunk of chunks) {
    bytes = bytes.length === 0 ? chunk : concat(bytes, chunk)
    if (!encoding && bytes.length < SNIFF) continue
    const text = decode((encoding ?? encodingOf(bytes)).complete(bytes))
    if (text !== '') yield text
  }
  const text = decode(bytes.length)
  if (text !== '') yield text
  if (count > 0) replaced(count)
}

/** Whether the first bytes of a file are those of text. */
export const looksLikeText = (bytes: Uint8Array): boolean =>
  encodingOf(bytes).unit === 2 || !bytes.subarray(0, SNIFF).includes(0)

const encodingOf = (bytes: Uint8Array): Encoding =>
  ENCODINGS.find(({ bom }) => startsWith(bytes, 0, bom)) ?? UTF8

const refuseZero = (bytes: Uint8Array, name: string): void => {
  const zero = bytes.subarray(0, SNIFF).indexOf(0)
  if (zero === -1) return
  throw new UserError(
    `${name}: byte ${zero} is zero, so this is not a text file; give text in UTF-8 (or UTF-16 with a byte order mark)`,
  )
}

/** Offset of the first bytes that were decoded as U+FFFD but are not U+FFFD. */
const firstFault = (bytes: Uint8Array, text: string, encoding: Encoding): number | undefined => {
  let at = 0
  let from = 0
  for (let i = text.indexOf('\ufffd'); i !== -1; i = text.indexOf('\ufffd', i + 1)) {
    at += encoding.byteLength(text.slice(from, i))
    if (!startsWith(bytes, at, encoding.replacement)) return at
    from = i
  }
  return undefined
}

const countFaults = (bytes: Uint8Array, text: string, encoding: Encoding): number => {
  let count = text.split('\ufffd').length - 1
  // A written U+FFFD is always decoded as one: its first byte never continues a character.
  for (let i = 0; i < bytes.length; i += encoding.unit) {
    if (startsWith(bytes, i, encoding.replacement)) count--
  }
  return count
}

const startsWith = (bytes: Uint8Array, at: number, prefix: readonly number[]): boolean =>
  prefix.every((byte, i) => bytes[at + i] === byte)

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
