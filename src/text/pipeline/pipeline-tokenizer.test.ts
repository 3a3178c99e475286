import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bertFile, llama2File, robertaFile, t5File } from '../../../test/tokenizer-files.ts'
import { loadTokenizer } from '../load.ts'
import { peerTokenizer } from '../peer.ts'
import type { TokenizerConfig, TokenizerJson } from '../tokenizer-json.ts'
import { PipelineTokenizer } from './pipeline-tokenizer.ts'

const CASES = process.env.CHECK_LONG ? 10_000 : 200

const load = (file: TokenizerJson, config: TokenizerConfig = {}): PipelineTokenizer => {
  const tokenizer = loadTokenizer(file, config)
  expect(tokenizer).toBeInstanceOf(PipelineTokenizer)
  return tokenizer as PipelineTokenizer
}

const files = {
  WordPiece: bertFile(),
  Unigram: t5File(),
  'Unigram with bytes': t5File({ bytes: true }),
  'BPE with bytes': llama2File(),
  'byte-level BPE that adds a blank': robertaFile({ prefixSpace: true }),
}

const streamed = (tokenizer: PipelineTokenizer, ids: readonly number[]): string => {
  const decoder = tokenizer.decoder()
  return ids.map((id) => decoder.push(id)).join('') + decoder.end()
}

// Ids and texts as Hugging Face's Rust library (tokenizers 0.23) gives them.
test.each([
  [
    'WordPiece',
    'The cats, playing. Café!',
    [5, 6, 44, 12, 7, 45, 11, 20, 47, 52, 51, 1],
    'the cats, playing. cafe',
  ],
  ['WordPiece', '我们 play ａ  cat', [8, 9, 7, 1, 6], '我 们 play cat'],
  ['WordPiece', '🐋 the', [1, 5], 'the'],
  [
    'WordPiece',
    '</s> the [MASK]',
    [16, 1, 36, 17, 5, 14, 30, 47, 44, 57, 15],
    '< s > the [ mask ]',
  ],
  ['Unigram', 'The cats, playing.', [3, 2, 20, 17, 5, 6, 38, 8, 7, 39], 'he cats, playing.'],
  ['Unigram', '我们 play ａ  cat', [3, 9, 8, 3, 13, 5], '我们 play a cat'],
  ['Unigram', '🐋 the', [3, 2, 4], ' the'],
  ['Unigram with bytes', 'Café!', [3, 108, 13, 18, 236, 210, 74], 'Café!'],
  ['Unigram with bytes', '🐋 the', [3, 281, 200, 185, 180, 4], '🐋 the'],
  ['BPE with bytes', '我们 ａ  cat', [259, 300, 259, 242, 192, 132, 259, 298], '我们 ａ  cat'],
  ['BPE with bytes', '🐋 the', [259, 243, 162, 147, 142, 295], '🐋 the'],
  ['BPE with bytes', '</s> the', [259, 286, 288, 278, 287, 295], '</s> the'],
  ['byte-level BPE that adds a blank', '我 the', [36, 234, 140, 149, 262], ' 我 the'],
] as const)('%s: %j', (kind, text, ids, decoded) => {
  const tokenizer = load(files[kind])
  expect(tokenizer.encode(text)).toEqual(ids)
  expect(tokenizer.decode(ids)).toBe(decoded)
  expect(streamed(tokenizer, ids)).toBe(decoded)
})

const pieces = [
  'the',
  'cat',
  'playing',
  ' ',
  '  ',
  '，',
  '我们',
  'é',
  '🐋',
  '👩‍👩‍👧',
  '\n',
  'ａ',
  '.',
  "'s",
]
const names = ['</s>', '<unk>', '<s>', '[MASK]', '[UNK]', '<0x41>', '<mask>', '▁', '##s', 'Ġ']
const texts = fc
  .array(fc.constantFrom(...pieces, ...names), { maxLength: 8 })
  .map((parts) => parts.join(''))

describe.each(Object.entries(files))('%s', (kind, file) => {
  const tokenizer = load(file)
  const special = new Set(Object.values(tokenizer.specialTokens))

  test('text makes no special token, and a stream of it is its decoding', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const ids = tokenizer.encode(text)
        expect(ids.filter((id) => special.has(id) && id !== tokenizer.unkId)).toEqual([])
        expect(ids.every((id) => id >= 0 && id < tokenizer.vocabSize)).toBe(true)
        expect(streamed(tokenizer, ids)).toBe(tokenizer.decode(ids))
        if (kind === 'BPE with bytes') expect(tokenizer.decode(ids)).toBe(text.replaceAll('▁', ' '))
      }),
      { numRuns: CASES },
    )
  })

  test('of plain English @huggingface/tokenizers gives the same', () => {
    const peer = peerTokenizer(file, {})
    const plain = fc.array(fc.constantFrom('the', 'cats', 'playing', ' ', '.', ',', '我们'))
    fc.assert(
      fc.property(plain, (parts) => {
        const text = parts.join('')
        const { ids } = peer.encode(text, { add_special_tokens: false })
        expect(tokenizer.encode(text)).toEqual(ids)
      }),
      { numRuns: CASES },
    )
  })

  test('special tokens are read where they are asked for, and hidden in decoded text', () => {
    const [name, id] = Object.entries(tokenizer.specialTokens).at(-1) as [string, number]
    const ids = tokenizer.encode(`the${name}the`, { specials: true })
    expect(ids.filter((one) => one === id)).toEqual([id])
    expect(tokenizer.decode(ids, { specials: true })).toContain(name)
    expect(tokenizer.decode(ids)).not.toContain(name)
    expect(() => tokenizer.decode([tokenizer.vocabSize])).toThrow(RangeError)
    expect(tokenizer.toJSON()).toEqual(file)
  })
})

test('the vocabulary ends with the last id', () => {
  expect(load(files['BPE with bytes']).vocabSize).toBe(301)
  expect(load(files.Unigram).vocabSize).toBe(41)
})

test('characters that become unknown are told', () => {
  expect(load(files.Unigram).unknown('thé 🐋中 the')).toEqual(['é', '🐋', '中'])
  expect(load(files['BPE with bytes']).unknown('é🐋')).toEqual([])
})

test('blanks before English punctuation go if the configuration says so, in a stream too', () => {
  const tokenizer = load(files.WordPiece, { clean_up_tokenization_spaces: true })
  const ids = tokenizer.encode("the cat's ' . n")
  expect(tokenizer.decode(ids)).toBe("the cat's '. n")
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...tokenizer.encode("the cat . , ' s n t ##s"))),
      (some) => {
        expect(streamed(tokenizer, some)).toBe(tokenizer.decode(some))
      },
    ),
    { numRuns: CASES },
  )
})

test('added tokens take white space along, stand alone or are matched in normalized text', () => {
  const file = bertFile()
  const add = (id: number, content: string, flags: object) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: false,
    ...flags,
  })
  const tokenizer = load({
    ...file,
    added_tokens: [
      ...file.added_tokens,
      add(100, 'Cat', { single_word: true }),
      add(101, 'PLAY', { normalized: true }),
      add(102, '<x>', { lstrip: true, rstrip: true }),
    ],
  })
  const [the] = tokenizer.encode('the')
  expect(tokenizer.encode('the Cat Cats')).toEqual([the, 100, ...tokenizer.encode('cats')])
  expect(tokenizer.encode('the pLaY')).toEqual([the, 101])
  expect(tokenizer.encode('the <x> the')).toEqual([the, 102, the])
  expect(tokenizer.vocabSize).toBe(103)
})
