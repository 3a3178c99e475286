import fc from 'fast-check'
import { expect, test } from 'vitest'
import { charsmapOf } from '../../../test/charsmap.ts'
import { charsmapNormalizer } from './charsmap.ts'

test('the longest sequence is replaced, from left to right', () => {
  const normalize = charsmapNormalizer(
    charsmapOf({ ａ: 'a', 'e\u0301': 'é', ﬁ: 'fi', '㍻': '平成', '\u200b': '', ab: 'X', abc: 'Y' }),
  )
  expect(normalize('ａe\u0301ﬁ㍻')).toBe('aéfi平成')
  expect(normalize('ab abc abd \u200bab\u200bc')).toBe('X Y Xd Xc')
  // What a replacement makes is not replaced again.
  expect(normalize('ａb')).toBe('ab')
  expect(normalize('\ufeff中🐋e')).toBe('\ufeff中🐋e')
})

const keys = fc.string({
  unit: fc.constantFrom('a', 'b', 'é', '中', '🐋'),
  minLength: 1,
  maxLength: 4,
})

test('it is what a search for the longest key gives', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        keys,
        fc.string({ maxLength: 3 }).filter((text) => !text.includes('\0')),
      ),
      fc.string({ unit: fc.constantFrom('a', 'b', 'é', '中', '🐋', '\0'), maxLength: 20 }),
      (replacements, text) => {
        const longestFirst = Object.keys(replacements).sort((a, b) => b.length - a.length)
        let expected = ''
        for (let at = 0; at < text.length; ) {
          const key = longestFirst.find((one) => text.startsWith(one, at))
          expected += key === undefined ? text[at] : replacements[key]
          at += key?.length ?? 1
        }
        fc.pre(longestFirst.length > 0)
        expect(charsmapNormalizer(charsmapOf(replacements))(text)).toBe(expected)
      },
    ),
    { numRuns: process.env.CHECK_LONG ? 10_000 : 200 },
  )
})

test.each(['', 'AAAA', '!!!', 'BQAAAAAAAAAA', charsmapOf({ a: 'b' }).slice(0, -4)])(
  'a damaged map is refused: %j',
  (map) => {
    expect(() => charsmapNormalizer(map)).toThrow('precompiled_charsmap is damaged')
  },
)
