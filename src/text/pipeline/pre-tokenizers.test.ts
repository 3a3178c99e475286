import { expect, test } from 'vitest'
import { readPreTokenizer } from './pre-tokenizers.ts'

const split = (behavior: string, invert = false) => ({
  type: 'Split',
  pattern: { String: '-' },
  behavior,
  invert,
})
const metaspace = (prepend_scheme: string, cuts = true) => ({
  type: 'Metaspace',
  replacement: '▁',
  prepend_scheme,
  split: cuts,
})
const byteLevel = (add_prefix_space: boolean, use_regex = true) => ({
  type: 'ByteLevel',
  add_prefix_space,
  use_regex,
})

// What Hugging Face's Rust library (tokenizers 0.23) makes of these.
test.each([
  [{ type: 'BertPreTokenizer' }, " don't--我们。 \u0085x", "don|'|t|-|-|我们|。|x"],
  [{ type: 'Whitespace' }, 'naïve_3, 我们！🐋?', 'naïve_3|,|我们|！🐋?'],
  [{ type: 'WhitespaceSplit' }, ' a,\u3000b\ufeff ', 'a,|b\ufeff'],
  [{ type: 'Punctuation', behavior: 'Isolated' }, 'a,.b$', 'a|,|.|b|$'],
  [{ type: 'Punctuation', behavior: 'Contiguous' }, 'a,.b$', 'a|,.|b|$'],
  [{ type: 'Digits', individual_digits: true }, 'a12①', 'a|1|2|①'],
  [{ type: 'Digits', individual_digits: false }, 'a12①b', 'a|12①|b'],
  [{ type: 'CharDelimiterSplit', delimiter: '.' }, '.a..b', 'a|b'],
  [split('Removed'), '-a--b', 'a|b'],
  [split('Isolated'), '-a--b', '-|a|-|-|b'],
  [split('MergedWithPrevious'), '-a--b', '-|a-|-|b'],
  [split('MergedWithNext'), '-a--b', '-a|-|-b'],
  [split('Contiguous'), '-a--b', '-|a|--|b'],
  [split('Removed', true), '-a--b', '-|-|-'],
  [byteLevel(false), "it's 中", "it|'s|Ġä¸Ń"],
  [byteLevel(true), 'it is', 'Ġit|Ġis'],
  [byteLevel(true), ' it', 'Ġit'],
  [byteLevel(false, false), 'it is', 'itĠis'],
  [metaspace('always'), 'a  b', '▁a|▁|▁b'],
  [metaspace('always', false), 'a b', '▁a▁b'],
  [metaspace('never'), 'a b', 'a|▁b'],
  [metaspace('always'), ' a', '▁a'],
  // As files from before 2023 say it.
  [{ type: 'Metaspace', replacement: '▁', add_prefix_space: false }, 'a b', 'a|▁b'],
])('%j: %j', (json, text, words) => {
  expect(readPreTokenizer(json)(text, true)).toEqual(words.split('|'))
})

test('a first word is marked only where the text begins', () => {
  const first = readPreTokenizer(metaspace('first'))
  expect(first('a b', true)).toEqual(['▁a', '▁b'])
  expect(first('a b', false)).toEqual(['a', '▁b'])
  const digits = { type: 'Digits', individual_digits: true }
  const both = { type: 'Sequence', pretokenizers: [digits, metaspace('first')] }
  expect(readPreTokenizer(both)('1a', true)).toEqual(['▁1', 'a'])
})

test('without a pre-tokenizer a text is one word', () => {
  expect(readPreTokenizer(null)('a b', true)).toEqual(['a b'])
  expect(readPreTokenizer(null)('', true)).toEqual([])
})

test('what is not known is refused', () => {
  expect(() => readPreTokenizer({ type: 'Sideways' })).toThrow(
    'tokenizer.json: pre_tokenizer is "Sideways", which is not supported',
  )
  expect(() => readPreTokenizer(split('Sideways'))).toThrow('has the behavior "Sideways"; expected')
})
