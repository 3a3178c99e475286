/** Classes of code points, as bits; a code point has several (`一` is LETTER and HAN) or none. */
export const LETTER = 1
export const NUMBER = 2
export const SPACE = 4
export const NEWLINE = 8
export const MARK = 16
export const HAN = 32
/** Set on every class that was looked up, so that 0 means "not yet known". */
export const ANY = 128

/** Ideographs: iteration mark and zero, extension A, the basic block, compatibility, planes 2-3. */
export const HAN_RANGES = '々〇㐀-䶿一-鿿豈-﫿\u{20000}-\u{323af}'

const tests: readonly [number, RegExp][] = [
  [LETTER, /\p{L}/u],
  [NUMBER, /\p{N}/u],
  // The property, not JavaScript's \s: that has U+FEFF and lacks U+0085, which every reference
  // implementation (Rust, Python) decides the other way.
  [SPACE, /\p{White_Space}/u],
  [NEWLINE, /[\r\n]/],
  [MARK, /\p{M}/u],
  [HAN, new RegExp(`[${HAN_RANGES}]`, 'u')],
]

/**
 * Code point -> class bits, filled as code points are met: asking the regular expressions once per
 * code point keeps the scanners equal to them, in whatever Unicode version the engine has.
 */
export const classOf = new Uint8Array(0x110000)

/** Class bits of a code point that `classOf` does not know yet. */
export function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint)
  let bits = ANY
  for (const [bit, test] of tests) if (test.test(character)) bits |= bit
  classOf[codePoint] = bits
  return bits
}

for (let ascii = 0; ascii < 0x80; ascii++) classify(ascii)
