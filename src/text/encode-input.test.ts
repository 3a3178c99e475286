import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bertFile, llama2File, robertaFile, t5File } from '../../test/tokenizer-files.ts'
import { trainBpe } from './bpe/train.ts'
import { trainCharTokenizer } from './char.ts'
import { encodeInput, encodeWords } from './encode-input.ts'
import { loadTokenizer } from './load.ts'
import { peerTokenizer } from './peer.ts'
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts'

const CASES = process.env.CHECK_LONG ? 10_000 : 200

/** BERT's template as newer files have it. */
const bertTemplate = {
  type: 'TemplateProcessing',
  single: [
    { SpecialToken: { id: '[CLS]', type_id: 0 } },
    { Sequence: { id: 'A', type_id: 0 } },
    { SpecialToken: { id: '[SEP]', type_id: 0 } },
  ],
  pair: [
    { SpecialToken: { id: '[CLS]', type_id: 0 } },
    { Sequence: { id: 'A', type_id: 0 } },
    { SpecialToken: { id: '[SEP]', type_id: 0 } },
    { Sequence: { id: 'B', type_id: 1 } },
    { SpecialToken: { id: '[SEP]', type_id: 1 } },
  ],
  special_tokens: {
    '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
    '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
  },
}

const byteLevel = { type: 'ByteLevel', trim_offsets: true }
const files: Record<string, TokenizerJson> = {
  'WordPiece, BertProcessing': bertFile(),
  'WordPiece, TemplateProcessing': { ...bertFile(), post_processor: bertTemplate },
  'Unigram, $A </s>': t5File(),
  'BPE with bytes, <s> $A': llama2File(),
  'byte-level BPE, RobertaProcessing': robertaFile(),
  'byte-level BPE, a sequence': {
    ...robertaFile(),
    post_processor: {
      type: 'Sequence',
      processors: [byteLevel, robertaFile().post_processor],
    },
  },
}

const texts = fc
  .array(fc.constantFrom('the', 'cat', ' ', ',', '我们', 'é', 'playing'), { minLength: 1 })
  .map((parts) => parts.join(''))

describe.each(Object.entries(files))('%s', (_, file) => {
  test('ids and types are those of @huggingface/tokenizers', () => {
    const tokenizer = loadTokenizer(file)
    const peer = peerTokenizer(file, {})
    // There RoBERTa has a second type, for which it has no embedding; Rust and Python give it none.
    const hasTypes = !JSON.stringify(file.post_processor).includes('Roberta')
    fc.assert(
      fc.property(texts, fc.option(texts, { nil: undefined }), (text, pair) => {
        const { ids, typeIds } = encodeInput(tokenizer, text, { pair })
        const expected = peer.encode(text, {
          add_special_tokens: true,
          text_pair: pair,
          return_token_type_ids: true,
        })
        expect(ids).toEqual(expected.ids)
        if (hasTypes) expect(typeIds).toEqual(expected.token_type_ids)
        else expect(typeIds).toEqual(ids.map(() => 0))
      }),
      { numRuns: CASES },
    )
  })
})

// Ids, types and words as Hugging Face's Rust library (tokenizers 0.23) gives them.
test.each([
  [bertFile(), [2, 5, 6, 3, 18, 6, 3], [0, 0, 0, 0, 1, 1, 1]],
  [t5File(), [4, 5, 1, 3, 13, 5, 1], [0, 0, 0, 0, 0, 0, 0]],
  [llama2File(), [1, 295, 298, 1, 259, 260, 298], [0, 0, 0, 1, 1, 1, 1]],
  [robertaFile(), [0, 261, 265, 2, 2, 101, 265, 2], [0, 0, 0, 0, 0, 0, 0, 0]],
])('a pair, %#', (file, ids, typeIds) => {
  const pair = 'a cat'
  expect(encodeInput(loadTokenizer(file), 'the cat', { pair })).toEqual({ ids, typeIds })
})

const none = -1
test.each([
  [bertFile(), [2, 5, 6, 44, 1, 7, 45, 3], [none, 0, 1, 1, 2, 3, 3, none]],
  [t5File(), [4, 5, 6, 3, 2, 8, 7, 1], [0, 1, 1, 2, 2, 3, 3, none]],
  [
    llama2File(),
    [1, 295, 298, 278, 259, 231, 187, 176, 259, 275, 271, 260, 284, 268, 273, 266],
    [none, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3],
  ],
  [
    robertaFile({ prefixSpace: true }),
    [0, 262, 265, 119, 36, 232, 188, 177, 36, 116, 112, 101, 125, 109, 114, 107, 2],
    [none, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, none],
  ],
])('words, %#', (file, ids, words) => {
  const encoded = encodeWords(loadTokenizer(file), ['the', 'cats', '中', 'playing'])
  expect(encoded).toEqual({ ids, words, typeIds: ids.map(() => 0) })
})

test('every kind of tokenizer encodes a word as it stands inside a text', async () => {
  const roberta = loadTokenizer(robertaFile())
  const prefixed = loadTokenizer(robertaFile({ prefixSpace: true }))
  const words = ['the', 'cats', '中']
  expect(encodeWords(roberta, words)).toEqual(encodeWords(prefixed, words))
  const gemma = loadTokenizer({
    ...llama2File(),
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
  })
  expect(encodeWords(gemma, words).ids).toEqual([1, ...gemma.encode(' the cats 中')])
  const characters = await trainCharTokenizer(['a b'])
  expect(encodeWords(characters, ['a', 'b'])).toMatchObject({
    ids: [0, 1, 0, 2],
    words: [0, 0, 1, 1],
  })
  expect(encodeWords(await trainCharTokenizer(['ab']), ['a', 'b']).ids).toEqual([0, 1])
})

test('a word without ids leaves no trace but keeps its number', () => {
  const { words } = encodeWords(loadTokenizer(bertFile()), ['the', '\u0000', 'cats'])
  expect(words).toEqual([-1, 0, 2, 2, -1])
})

describe('a maximal length', () => {
  const tokenizer = loadTokenizer(bertFile())
  const letters = (length: number) => 'abcdefghi'.slice(0, length).split('').join(' ')
  // The lengths that Rust's `longest_first` leaves.
  test.each([
    [6, 2, 9, 4, 2],
    [2, 6, 9, 2, 4],
    [5, 5, 9, 3, 3],
    [5, 5, 10, 3, 4],
    [6, 5, 10, 4, 3],
    [9, 1, 6, 2, 1],
    [2, 2, 9, 2, 2],
    [1, 9, 3, 0, 0],
  ])('%i and %i in %i: %i and %i', (a, b, maxLength, keptA, keptB) => {
    const { ids, typeIds } = encodeInput(tokenizer, letters(a), { pair: letters(b), maxLength })
    const kept = (type: number) => ids.filter((id, i) => id > 4 && typeIds[i] === type)
    expect(kept(0)).toEqual(tokenizer.encode(letters(keptA)))
    expect(kept(1)).toEqual(tokenizer.encode(letters(keptB)))
    expect(ids.length).toBeLessThanOrEqual(maxLength)
    expect(ids.at(-1)).toBe(3)
  })

  test('cuts one text, and words, at the end', () => {
    const { ids } = encodeInput(tokenizer, letters(6), { maxLength: 5 })
    expect(ids).toEqual([2, ...tokenizer.encode('a b c'), 3])
    expect(encodeWords(tokenizer, ['the', 'cats'], { maxLength: 4 }).words).toEqual([-1, 0, 1, -1])
  })

  test('must leave room for the special tokens', () => {
    expect(() => encodeInput(tokenizer, 'a', { maxLength: 1 })).toThrow(
      'maxLength is 1, but the special tokens of this model alone are 2',
    )
    expect(encodeInput(tokenizer, 'a', { maxLength: 2 }).ids).toEqual([2, 3])
  })
})

test('a text makes no special token unless it is asked to', () => {
  const tokenizer = loadTokenizer(bertFile())
  const masked = encodeInput(tokenizer, 'the [MASK]', { specials: true })
  expect(masked.ids).toEqual([2, 5, 4, 3])
  expect(encodeInput(tokenizer, 'the [MASK][SEP]').ids.filter((id) => id < 5 && id !== 1)).toEqual([
    2, 3,
  ])
})

describe('without a post-processor', () => {
  const ids = async (specialTokens: string[], config: TokenizerConfig) => {
    const json = (await trainBpe(['ab'], { vocabSize: 300, specialTokens })).toJSON()
    const tokenizer = loadTokenizer(json, config)
    const [a] = tokenizer.encode('a')
    const { ids, typeIds } = encodeInput(tokenizer, 'a', { pair: 'a' })
    return { ids: ids.map((id) => (id === a ? 'a' : id)), typeIds }
  }
  test('CLS and SEP are put where the tokenizer has them', async () => {
    expect(await ids(['[CLS]', '[SEP]'], {})).toEqual({
      ids: [0, 'a', 1, 'a', 1],
      typeIds: [0, 0, 0, 1, 1],
    })
  })
  test('BOS and EOS are, if the configuration says so', async () => {
    const both = { add_bos_token: true, add_eos_token: true }
    expect((await ids(['<s>', '</s>'], both)).ids).toEqual([0, 'a', 1, 0, 'a', 1])
    expect((await ids(['<s>', '</s>'], { add_bos_token: true })).ids).toEqual([0, 'a', 0, 'a'])
    expect((await ids(['<s>', '</s>'], {})).typeIds).toEqual([0, 1])
  })
})
