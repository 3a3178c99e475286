import { UserError } from '../../errors.ts'
import { widthOf } from '../bpe/bytes.ts'

/**
 * SentencePiece's normalizer (Kudo and Richardson 2018): of the sequences in `precompiled_charsmap`
 * the longest that matches is replaced, from left to right; all else stays. The map is, in base64,
 * a uint32 with the size of a trie in bytes, the trie, and the replacements, each ending in a zero.
 * Throws UserError if it is damaged.
 */
export function charsmapNormalizer(charsmap: string): (text: string) => string {
  const { units, replacements } = readCharsmap(charsmap)
  const encoder = new TextEncoder()
  const decode = (bytes: Uint8Array): string => utf8.decode(bytes)
  const replacementAt = (start: number): string =>
    decode(replacements.subarray(start, replacements.indexOf(0, start)))
  return (text) => {
    const bytes = encoder.encode(text)
    let result = ''
    let copied = 0
    for (let at = 0; at < bytes.length; ) {
      const { length, value } = longestMatch(units, bytes, at)
      if (length > 0) {
        result += decode(bytes.subarray(copied, at)) + replacementAt(value)
        copied = at + length
      }
      at += length || widthOf(bytes[at] as number)
    }
    return copied === 0 ? text : result + decode(bytes.subarray(copied))
  }
}

/** Bytes of a replacement. Those of NFKC have 33 at most. */
const LONGEST = 512

/** A byte order mark is text like any other. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

function readCharsmap(charsmap: string): { units: Uint32Array; replacements: Uint8Array } {
  const bytes = bytesOf(charsmap)
  const view = new DataView(bytes.buffer)
  const size = bytes.length < 4 ? Number.NaN : view.getUint32(0, true)
  // The last replacement must end.
  if (!(size % 4 === 0 && size + 4 < bytes.length && bytes.at(-1) === 0)) {
    throw new UserError('tokenizer.json: precompiled_charsmap is damaged; get the file again')
  }
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true))
  const replacements = bytes.subarray(4 + size)
  for (let end = replacements.indexOf(0), start = 0; end >= 0; ) {
    if (end - start > LONGEST)
      throw new UserError(
        'tokenizer.json: precompiled_charsmap has a replacement of ' +
          `${end - start} bytes; expected at most ${LONGEST}`,
      )
    start = end + 1
    end = replacements.indexOf(0, start)
  }
  return { units, replacements }
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    return new Uint8Array(0)
  }
}

const NO_LABEL = 0x80000000

/**
 * The longest key that bytes[at ..] begins with, its length 0 if there is none. The trie is a
 * double array (Aoe 1989) as Darts-clone packs it: a unit holds its label in bits 0 to 7 (bit 31 is
 * set on values, so that no label equals them), in bit 8 whether a key ends here, and in the bits
 * from 10 on the distance to its children, which bit 9 scales by 256.
 */
function longestMatch(
  units: Uint32Array,
  bytes: Uint8Array,
  at: number,
): { length: number; value: number } {
  const found = { length: 0, value: 0 }
  let node = childrenOf(0, units[0])
  for (let i = at; i < bytes.length; i++) {
    node ^= bytes[i] as number
    const unit = units[node] ?? NO_LABEL
    if ((unit & (NO_LABEL | 0xff)) !== bytes[i]) break
    node = childrenOf(node, unit)
    if (unit & 0x100) {
      found.length = i + 1 - at
      found.value = (units[node] ?? 0) & 0x7fffffff
    }
  }
  return found
}

const childrenOf = (node: number, unit = 0): number =>
  node ^ ((unit >>> 10) << ((unit & 0x200) >> 6))
