import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scannerOf } from './split.ts'
import { safeCut, Words } from './words.ts'

/** Characters at the edges of every class, and what contractions are made of. */
const characters = [
  ...' \t\n\r\v\f\u0085\u00a0\u2028\u3000\u200b\ufeff',
  ...`'’"sStTmMdDrReEvVlLſK`,
  ...'aéßǅдあー한ಕ中々〇㐀豈',
  ...'019٣½Ⅷ²',
  ...'.,;-_+=|。，！？「（…€🙂👍\u{1f3fd}\u200d\ud83c\u0301\u20e3\u0000\u{20000}\u{10ffff}\ue000',
  '\r\n',
  '  ',
  "'re",
  '\ud800',
  '\udc00',
]
const texts = fc.oneof(
  fc.array(fc.constantFrom(...characters), { maxLength: 40 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
)

function wordsOf(source: string, text: string): string[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const words: string[] = []
  new Words(scannerOf.get(source)!).each(text, (bytes, ends, count) => {
    for (let i = 0; i < count; i++)
      words.push(decoder.decode(bytes.slice(ends[i - 1] ?? 0, ends[i])))
  })
  return words
}

/** The pattern as JavaScript reads it, with the reference implementations' white space. */
function regExp(source: string): RegExp {
  const js = source
    .replaceAll(String.raw`\s`, String.raw`\p{White_Space}`)
    .replaceAll(String.raw`(?![\p{White_Space}\S])`, '$')
    .replaceAll(String.raw`\S`, String.raw`\P{White_Space}`)
    .replace(
      /\(\?i:(.*?)\)/,
      (_, inner: string) =>
        `(?:${inner.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)})`,
    )
  return new RegExp(js, 'gu')
}

const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd')

describe.each([...scannerOf.keys()])('%s', (source) => {
  test('the scanner cuts as the regular expression does', () => {
    const pattern = regExp(source)
    fc.assert(
      fc.property(texts, (text) => {
        expect(wordsOf(source, text)).toEqual(wellFormed(text).match(pattern) ?? [])
      }),
      { numRuns: 3000 },
    )
  })

  test('a safe cut is a boundary, and both sides are cut as before', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const cut = safeCut(text, 0, text.length)
        if (cut < 0) return
        const parts = [text.slice(0, cut), text.slice(cut)].flatMap((part) => wordsOf(source, part))
        expect(parts).toEqual(wordsOf(source, text))
      }),
      { numRuns: 2000 },
    )
  })

  test('windows do not show', () => {
    const text = `Every window ends at a boundary,没有人看得出来。\n\n  "Isn't it?" 12345 `.repeat(
      1500,
    )
    expect(wordsOf(source, text)).toEqual(text.match(regExp(source)))
    const unbroken = 'a'.repeat(100_000)
    expect(wordsOf(source, unbroken)).toEqual([unbroken])
  })
})
