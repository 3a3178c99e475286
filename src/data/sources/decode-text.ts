import { UserError } from '../../errors.ts'
import {
  ENCODING_NAMES,
  type Encoding,
  encodingNamed,
  MARKED,
  startsWith,
  UTF8,
} from './encodings.ts'
import { type Guess, guessEncoding, guessUtf16, isPlainlyUtf8 } from './guess-encoding.ts'

/** How to treat bytes that are not text: stop, or read U+FFFD and continue. */
export type EncodingErrors = 'refuse' | 'replace'

export interface DecodingOptions {
  /** By the name that `encodingNamed` knows; default: UTF-8. A byte order mark wins over it. */
  encoding?: string
  /** Default: `refuse`. */
  errors?: EncodingErrors
  /** Called with the number of characters read as U+FFFD, if any, and the likely encoding. */
  replaced?(count: number, likely: string | undefined): void
  /** Called where UTF-8 is read as such although `encoding` is another; default: it is refused. */
  readAsUtf8?(): void
}

/** Bytes searched for a zero, as git does to detect binary files. */
const SNIFF = 8192

/**
 * Bytes as text: UTF-8, or UTF-16 where a byte order mark says so, or else as `encoding` says. The
 * mark is not part of the text. No character is divided between two parts. Throws UserError with
 * file and byte offset, and the encoding that it seems to be in, at the first bytes that are no
 * text, unless `errors` is `'replace'`. A zero byte near the start is refused always, since no text
 * has one. UTF-8 is never decoded in another `encoding`: nearly all of it would pass as noise.
 */
export async function* decodeText(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  name: string,
  { encoding: given, errors = 'refuse', replaced = () => {}, readAsUtf8 }: DecodingOptions = {},
): AsyncGenerator<string> {
  let encoding: Encoding | undefined
  let bytes: Uint8Array = new Uint8Array()
  let offset = 0
  let count = 0
  let guess: Guess | undefined

  const begin = (): Encoding => {
    const found = encodingOf(bytes, given)
    const mark = startsWith(bytes, found.bom) ? found.bom.length : 0
    if (mark === 0 && found === UTF8 && given !== undefined && encodingNamed(given) !== UTF8) {
      if (!readAsUtf8)
        throw new UserError(`${name}: is UTF-8 text, not ${given}; leave out --encoding`)
      readAsUtf8()
    }
    bytes = bytes.subarray(mark)
    offset = mark
    if (found.unit === 1) refuseZero(bytes, name)
    return found
  }
  const decode = (isLast: boolean): string => {
    encoding ??= begin()
    const length = isLast ? bytes.length : encoding.complete(bytes)
    const part = bytes.subarray(0, length)
    const text = encoding.decode(part)
    const fault = text.includes('\ufffd') ? encoding.firstFault(part, text) : undefined
    if (fault !== undefined) {
      if (count === 0 && given === undefined) guess = guessEncoding(part, fault)
      if (errors === 'refuse')
        throw new UserError(
          `${name}: byte ${offset + fault} is not ${encoding.label.toUpperCase()} ` +
            `text; ${remedy(guess)}`,
        )
      count += encoding.countFaults(part, text)
    }
    bytes = bytes.subarray(length)
    offset += length
    return text
  }

  for await (const chunk of chunks) {
    bytes = bytes.length === 0 ? chunk : concat(bytes, chunk)
    if (!encoding && bytes.length < SNIFF) continue
    const text = decode(false)
    if (text !== '') yield text
  }
  const text = decode(true)
  if (text !== '') yield text
  if (count > 0) replaced(count, guess?.label)
}

/** Whether the first bytes of a file may be those of text. */
export const looksLikeText = (bytes: Uint8Array, given?: string): boolean =>
  encodingOf(bytes, given).unit === 2 ||
  !bytes.subarray(0, SNIFF).includes(0) ||
  // It is refused by its encoding's name when it is read.
  guessUtf16(bytes) !== undefined

/** The text that the first bytes of a file begin with, for a look at it. */
export function decodeStart(bytes: Uint8Array, given?: string): string {
  const encoding = encodingOf(bytes, given)
  const mark = startsWith(bytes, encoding.bom) ? encoding.bom.length : 0
  return encoding.decode(bytes.subarray(mark))
}

function encodingOf(bytes: Uint8Array, given: string | undefined): Encoding {
  const marked = MARKED.find(({ bom }) => startsWith(bytes, bom))
  if (marked) return marked
  const named = given === undefined ? UTF8 : encodingNamed(given)
  if (named) return isPlainlyUtf8(bytes, { ascii: named.unit === 2 }) ? UTF8 : named
  throw new UserError(
    `there is no encoding ${given}; expected one of ${ENCODING_NAMES.join(', ')}, or another ` +
      'name of them',
  )
}

function refuseZero(bytes: Uint8Array, name: string): void {
  const zero = bytes.subarray(0, SNIFF).indexOf(0)
  if (zero === -1) return
  const guess = guessUtf16(bytes)
  throw new UserError(
    guess
      ? `${name}: byte ${zero} is zero, as in UTF-16, but there is no byte order ` +
          `mark; ${remedy(guess)}`
      : `${name}: byte ${zero} is zero, so this is not a text file; give text in UTF-8, or name ` +
          'its encoding (--encoding)',
  )
}

const remedy = (guess: Guess | undefined): string =>
  guess
    ? `it looks like ${guess.label} (“${guess.beginning}”): name it with --encoding ${guess.label}`
    : 'name its encoding (--encoding), convert the file, or read what is wrong as U+FFFD (' +
      '--encoding-errors replace)'

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

/**
 * A text, or a record with texts in it, without halves of characters (lone surrogates), which JSON
 * can write as `\ud83d` but no encoding can. They are refused with a UserError that begins with
 * `name`, or read as U+FFFD, and `replaced` is called with their number.
 */
export function wellFormed<T>(
  value: T,
  name: string,
  errors: EncodingErrors,
  replaced: (count: number) => void,
): T {
  let count = 0
  const repair = (text: string): string => {
    const halves = text.match(/\p{Surrogate}/gu)
    if (!halves) return text
    if (errors === 'refuse') {
      const half = `\\u${halves[0].charCodeAt(0).toString(16)}`
      throw new UserError(
        `${name}: ${half} is half a character; correct the record, or read it as U+FFFD ` +
          '(--encoding-errors replace)',
      )
    }
    count += halves.length
    return text.replace(/\p{Surrogate}/gu, '\ufffd')
  }
  const walk = (inner: unknown): unknown => {
    if (typeof inner === 'string') return repair(inner)
    if (typeof inner !== 'object' || inner === null) return inner
    if (Array.isArray(inner)) return inner.map(walk)
    return Object.fromEntries(Object.entries(inner).map(([key, one]) => [repair(key), walk(one)]))
  }
  const result = walk(value) as T
  if (count > 0) replaced(count)
  return result
}
