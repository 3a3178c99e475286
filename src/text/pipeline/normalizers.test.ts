import { expect, test } from 'vitest'
import { charsmapOf } from '../../../test/charsmap.ts'
import { readNormalizer } from './normalizers.ts'

const bert = { type: 'BertNormalizer', strip_accents: null }

// What Hugging Face's Rust library (tokenizers 0.23) makes of these.
test.each([
  [{ type: 'NFC' }, 'e\u0301', 'é'],
  [{ type: 'NFD' }, 'é', 'e\u0301'],
  [{ type: 'NFKC' }, 'ｆ①ﬁ', 'f1fi'],
  [{ type: 'NFKD' }, 'Å', 'A\u030a'],
  [{ type: 'Lowercase' }, 'ΣΑΣ İ', 'σασ i\u0307'],
  [{ type: 'StripAccents' }, 'e\u0301 हिन्दी', 'e हनद'],
  [{ type: 'Strip', strip_left: true, strip_right: true }, '\u0085 \ufeffa\u3000', '\ufeffa'],
  [{ type: 'Strip', strip_left: false, strip_right: true }, ' a ', ' a'],
  [{ type: 'Strip', strip_left: true, strip_right: false }, ' a ', 'a '],
  [{ type: 'Prepend', prepend: '▁' }, 'a', '▁a'],
  [{ type: 'Prepend', prepend: '▁' }, '', ''],
  [{ type: 'Replace', pattern: { String: '.' }, content: '$&' }, 'a.b', 'a$&b'],
  [{ type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' }, 'a   b c', 'a▁b c'],
  [{ type: 'Nmt' }, '\u0001a\u200bb\u0080\0', 'a b\u0080\0'],
  [{ type: 'Precompiled', precompiled_charsmap: charsmapOf({ ａ: 'a' }) }, 'ａb', 'ab'],
  [{ type: 'Precompiled', precompiled_charsmap: null }, 'ａb', 'ａb'],
  [{ ...bert, lowercase: true }, 'Crème\tBRÛLÉE\0\u200b\ue000', 'creme brulee'],
  [{ ...bert, lowercase: false }, 'Crème', 'Crème'],
  [{ ...bert, lowercase: false, strip_accents: true }, 'Crème', 'Creme'],
  [{ ...bert, strip_accents: false }, 'Crème', 'crème'],
  [{ ...bert, handle_chinese_chars: true }, '我a𠀀한', ' 我 a 𠀀 \u1112\u1161\u11ab'],
  [{ ...bert, handle_chinese_chars: false }, '我a', '我a'],
  [{ ...bert, clean_text: false }, 'a\tb', 'a\tb'],
])('%j: %j', (json, text, expected) => {
  expect(readNormalizer(json)(text)).toBe(expected)
})

test('a sequence is done in its order, one in another too', () => {
  const normalizers = [
    { type: 'Replace', pattern: { String: 'a' }, content: 'b' },
    { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: 'a' }] },
  ]
  expect(readNormalizer({ type: 'Sequence', normalizers })('a')).toBe('ab')
  expect(readNormalizer(null)('a')).toBe('a')
})

test.each([
  [{ type: 'Sideways' }, 'normalizer is "Sideways", which is not supported'],
  [{}, 'normalizer has no type'],
  [{ type: 'Sequence' }, 'normalizer.normalizers is not a list'],
  [{ type: 'Sequence', normalizers: [null, 3] }, 'normalizer[1] has no type'],
  [{ type: 'Replace', content: '' }, 'normalizer.pattern has neither String nor Regex'],
  [{ type: 'Replace', pattern: { Regex: '(' }, content: '' }, 'normalizer: '],
])('%j is refused', (json, message) => {
  expect(() => readNormalizer(json)).toThrow(`tokenizer.json: ${message}`)
})

test('steps that make a text longer and longer are ended', () => {
  const twice = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' }
  const sequence = (count: number) =>
    readNormalizer({ type: 'Sequence', normalizers: Array.from({ length: count }, () => twice) })
  expect(sequence(5)('ab')).toBe(`${'a'.repeat(32)}b`)
  expect(() => sequence(60)('ab')).toThrow('normalizer makes 131073 characters of 2')
  const long = { type: 'Prepend', prepend: 'a'.repeat(1000) }
  expect(() => readNormalizer(long)).toThrow('normalizer writes 1000 characters at once')
})
