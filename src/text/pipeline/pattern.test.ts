import { describe, expect, test } from 'vitest'
import { UserError } from '../../errors.ts'
import {
  gpt4oSource,
  qwen35Source,
  tekkenSource,
} from '../../formats/gguf/vocabulary/byte-level.ts'
import { llama3Source, qwen2Source, splitSources } from '../bpe/split.ts'
import { OUTER_BLANKS } from '../convert/sentencepiece.ts'
import { readPattern } from './pattern.ts'

const read = (source: string) => readPattern({ Regex: source }, 'tokenizer.json: normalizer')

describe('the patterns of tokenizers that are in use are read', () => {
  test.each([
    ...Object.values(splitSources),
    llama3Source,
    qwen2Source,
    gpt4oSource,
    qwen35Source,
    tekkenSource,
    OUTER_BLANKS,
    ' {2,}',
    '^ +| +$',
    String.raw`\s+`,
    // DeepSeek
    String.raw`\p{N}{1,3}`,
    '[一-龥぀-ゟ゠-ヿ]+',
    String.raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_` +
      '`' +
      String.raw`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*` +
      String.raw`|\s*[\r\n]+|\s+(?!\S)|\s+`,
    // BLOOM
    ' ?[^(\\s|[.,!?…。，、।۔،])]+',
    // CLIP
    String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`,
    // Digits from the right, three together
    String.raw`\d{1,3}(?=(?:\d{3})*\b)`,
    String.raw`\p{N}{1,3}(?=(?:\p{N}{3})+(?!\p{N}))`,
  ])('%s', (source) => {
    expect(read(source)).toBeInstanceOf(RegExp)
  })
})

test('a repetition of a repetition of one character is one repetition, as in Oniguruma', () => {
  // The digits of tiktoken's newest cl100k_base; Hugging Face's library takes them all together,
  // too.
  const digits = read(String.raw`\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+`)
  expect('12345?! \n'.match(digits)).toEqual(['12345', '?!'])
  expect('{1,3}+'.match(read('[{1,3}+]'))).toEqual(['{', '1', ',', '3', '}', '+'])
})

describe('a pattern that may take time without end is refused', () => {
  test.each([
    '(a+)+$',
    '(a*)*b',
    '(?:a|a)*$',
    '(a|aa)+$',
    '(?:a{1,3})+$',
    '(?:a?){50}a{50}',
    '((a{2})?){4}',
    '(x+x+)+y',
    '(?<name>a+)*$',
    '(?=(?:a+)+$)',
    String.raw`(?:[a\]]+[()])*$`,
    String.raw`(?:\p{L}+\s?)*$`,
  ])('%s', (source) => {
    expect(() => read(source)).toThrow(UserError)
    expect(() => read(source)).toThrow(
      `normalizer: the regular expression ${JSON.stringify(source)} repeats what matches in ` +
        'several ways',
    )
  })
  test('by its length', () => {
    expect(() => read(`${'a*'.repeat(8)}$`)).toThrow('has 8 repetitions in a row')
    expect(() => read(`${'a?'.repeat(40)}${'a'.repeat(40)}`)).toThrow('has 40 choices in a row')
    expect(() => read(`${'(?:a|a)'.repeat(40)}$`)).toThrow('choices in a row')
    expect(() => read('('.repeat(99) + ')'.repeat(99))).toThrow('more than 64 groups')
    expect(() => read(`${'a{0,1000}'.repeat(4)}b`)).toThrow('has 4 repetitions in a row')
    // Took a minute for 500 characters, and 47 seconds for 4000.
    expect(() => read('a*a*a*b')).toThrow('has 3 repetitions in a row')
    expect(() => read('a*a*b')).toThrow('has 2 repetitions in a row')
    expect(() => read('a*a*(?!b?)')).toThrow('has 2 repetitions in a row')
    expect(() => read('a*(?:a*b)?c')).toThrow('has 2 repetitions in a row')
    expect(() => read('(?:a*|c)(?:a+|d)b')).toThrow('has 2 repetitions in a row')
  })
})
