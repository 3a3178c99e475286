/** How characters are written as bytes. */
export interface Encoding {
  /** As the Encoding Standard (WHATWG) names it. */
  readonly label: string
  readonly bom: readonly number[]
  /** Bytes of a unit: 2 in UTF-16, whose text may hold zero bytes. */
  readonly unit: 1 | 2
  /** Length of `bytes`, which begin with a character, without one cut off at the end. */
  complete(bytes: Uint8Array): number
  /** The text of whole characters; U+FFFD stands for what is none. */
  decode(bytes: Uint8Array): string
  /** Offset of the first bytes that `text`, decoded from `bytes`, has as U+FFFD by mistake. */
  firstFault(bytes: Uint8Array, text: string): number | undefined
  countFaults(bytes: Uint8Array, text: string): number
}

interface UnicodeOptions extends Pick<Encoding, 'label' | 'bom' | 'unit' | 'complete'> {
  /** U+FFFD, as the encoding writes it. */
  replacement: readonly number[]
  byteLength(text: string): number
}

/** UTF-8 and UTF-16 can write U+FFFD, so what was written is told apart from what went wrong. */
function unicode({ replacement, byteLength, ...rest }: UnicodeOptions): Encoding {
  return {
    ...rest,
    decode: (bytes) => new TextDecoder(rest.label, { ignoreBOM: true }).decode(bytes),
    firstFault: (bytes, text) => {
      let at = 0
      let from = 0
      for (let i = text.indexOf('\ufffd'); i !== -1; i = text.indexOf('\ufffd', i + 1)) {
        at += byteLength(text.slice(from, i))
        if (!startsWith(bytes, replacement, at)) return at
        from = i
      }
      return undefined
    },
    countFaults: (bytes, text) => {
      let count = replacements(text)
      // A written U+FFFD is always decoded as one: its first byte never continues a character.
      for (let i = 0; i < bytes.length; i += rest.unit)
        if (startsWith(bytes, replacement, i)) count--
      return count
    },
  }
}

const utf16 = (label: string, bom: readonly number[], high: 0 | 1): Encoding =>
  unicode({
    label,
    bom,
    unit: 2,
    replacement: high === 1 ? [0xfd, 0xff] : [0xff, 0xfd],
    complete: (bytes) => {
      const even = bytes.length - (bytes.length % 2)
      const cut = ((bytes[even - 2 + high] ?? 0) & 0xfc) === 0xd8
      return cut ? even - 2 : even
    },
    byteLength: (text) => 2 * text.length,
  })

export const UTF8 = unicode({
  label: 'utf-8',
  bom: [0xef, 0xbb, 0xbf],
  unit: 1,
  replacement: [0xef, 0xbf, 0xbd],
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
  byteLength: (text) => Buffer.byteLength(text),
})
export const UTF16LE = utf16('utf-16le', [0xff, 0xfe], 1)
export const UTF16BE = utf16('utf-16be', [0xfe, 0xff], 0)

/** Encodings whose byte order mark says what they are. */
export const MARKED = [UTF8, UTF16LE, UTF16BE]

/** Encodings of one character set, whose U+FFFD is always a fault. */
const legacy = (label: string, { longest = 1, repair = same }: LegacyOptions = {}): Encoding => {
  const decode = (bytes: Uint8Array) => repair(new TextDecoder(label).decode(bytes))
  return {
    label,
    bom: [],
    unit: 1,
    decode,
    complete: (bytes) => {
      // No byte below 0x30 is a part of a longer character: after the last one, a character begins.
      let start = bytes.length
      while (start > 0 && (bytes[start - 1] as number) >= 0x30) start--
      let best = { end: bytes.length, faults: Infinity }
      for (let end = bytes.length; end > bytes.length - longest && end >= start; end--) {
        const faults = replacements(decode(bytes.subarray(start, end)))
        if (faults < best.faults) best = { end, faults }
      }
      return best.end
    },
    // Not by a decoder that is given one byte after the other: Node's then throws at some faults of
    // gb18030.
    firstFault: (bytes, text) => {
      const right = text.slice(0, text.indexOf('\ufffd'))
      let [low, high] = [0, bytes.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if (decode(bytes.subarray(0, middle)).startsWith(right)) high = middle
        else low = middle + 1
      }
      return low
    },
    countFaults: (_, text) => replacements(text),
  }
}

interface LegacyOptions {
  /** Bytes of the longest character. */
  longest?: number
  /** Corrects where Node's decoder (ICU) differs from the Encoding Standard. */
  repair?(text: string): string
}

const same = (text: string): string => text
const several = { longest: 2 }

/** ICU's Big5 has controls and private characters (those of Hong Kong too), which are no text. */
const withoutPrivate = (text: string): string => text.replace(/[\x80-\x9f\ue000-\uf8ff]/g, '\ufffd')

/** Some versions of Node read windows-1252 as if it were Latin-1. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'
const asWindows1252 = (text: string): string =>
  text.replace(/[\x80-\x9f]/g, (code) => WINDOWS_1252[code.charCodeAt(0) - 0x80] as string)

const ALL: readonly Encoding[] = [
  ...MARKED,
  // A superset of GBK, which is a superset of GB2312.
  legacy('gb18030', { longest: 4 }),
  legacy('big5', { ...several, repair: withoutPrivate }),
  legacy('shift_jis', several),
  legacy('euc-jp', { longest: 3 }),
  legacy('euc-kr', several),
  legacy('windows-1252', { repair: asWindows1252 }),
  ...['874', '1250', '1251', '1253', '1254', '1255', '1256', '1257', '1258'].map((number) =>
    legacy(`windows-${number}`),
  ),
  ...[2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15].map((part) => legacy(`iso-8859-${part}`)),
  ...['koi8-r', 'koi8-u', 'ibm866', 'macintosh', 'x-mac-cyrillic'].map((label) => legacy(label)),
]

export const ENCODING_NAMES: readonly string[] = ALL.map(({ label }) => label)

/** The encoding of a name, or of the Encoding Standard's other names (`gbk`, `latin1`). */
export function encodingNamed(name: string): Encoding | undefined {
  let label: string
  try {
    label = new TextDecoder(name).encoding
  } catch {
    return undefined
  }
  return ALL.find((encoding) => encoding.label === (label === 'gbk' ? 'gb18030' : label))
}

export const startsWith = (bytes: Uint8Array, prefix: readonly number[], at = 0): boolean =>
  prefix.every((byte, i) => bytes[at + i] === byte)

const replacements = (text: string): number => {
  let count = 0
  for (let i = text.indexOf('\ufffd'); i !== -1; i = text.indexOf('\ufffd', i + 1)) count++
  return count
}
