import { describe, expect, it } from 'vitest'
import { bertFile, llama2File, robertaFile, t5File } from '../../../../test/tokenizer-files.ts'
import { trainBpe } from '../../../text/bpe/train.ts'
import { trainCharTokenizer } from '../../../text/char.ts'
import { sentencePieceJson } from '../../../text/convert/sentencepiece.ts'
import { encodeInput } from '../../../text/encode-input.ts'
import { loadTokenizer } from '../../../text/load.ts'
import { byteToken } from '../../../text/pipeline/model.ts'
import type { Tokenizer } from '../../../text/tokenizer.ts'
import type { TokenizerJson } from '../../../text/tokenizer-json.ts'
import { GgufMetadata } from '../metadata.ts'
import type { GgufValue } from '../values.ts'
import { readGgufTokenizer } from './read.ts'
import { writeGgufTokenizer } from './write.ts'

const TEXT = "The cat's playing… 我们 <s> and </s> the cats, 12345\n\n end ﬁ é"

const options = (tokenizer: Tokenizer) => ({
  rows: tokenizer.vocabSize,
  addBos: false,
  chatTemplate: undefined,
})

const written = (tokenizer: Tokenizer, given = {}): GgufMetadata =>
  new GgufMetadata(writeGgufTokenizer(tokenizer, { ...options(tokenizer), ...given }))

function reread(metadata: GgufMetadata): Tokenizer {
  const { json, config } = readGgufTokenizer(metadata)
  return loadTokenizer(JSON.parse(JSON.stringify(json)), config)
}

const bpe = (split: 'gpt2' | 'cl100k' | 'chinese' = 'cl100k', kind?: 'encoder') =>
  trainBpe([TEXT, 'the cat and the dog '.repeat(9)], {
    vocabSize: 380,
    split,
    kind,
    minFrequency: 1,
  })

const tokenizers: Record<string, [model: string, create: () => Tokenizer | Promise<Tokenizer>]> = {
  'byte-level BPE': ['gpt2', () => bpe()],
  'byte-level BPE for an encoder': ['gpt2', () => bpe('gpt2', 'encoder')],
  RoBERTa: ['gpt2', () => loadTokenizer(robertaFile())],
  'BPE with bytes': ['llama', () => loadTokenizer(llama2File())],
  characters: ['gpt2', () => trainCharTokenizer([TEXT, '🙂 two blanks'])],
  'characters, and what becomes of others': [
    'gpt2',
    () => trainCharTokenizer([TEXT], { specialTokens: ['<unk>', '<|im_end|>'] }),
  ],
  Unigram: ['t5', () => loadTokenizer(t5File())],
  WordPiece: ['bert', () => loadTokenizer(bertFile())],
}

describe.each(Object.entries(tokenizers))('%s', (_, [model, create]) => {
  it('gives the same ids and text after GGUF', async () => {
    const tokenizer = await create()
    const metadata = written(tokenizer)
    expect(metadata.string('tokenizer.ggml.model')).toBe(model)
    const again = reread(metadata)
    for (const text of [TEXT, '', '  two  blanks ']) {
      const { ids } = encodeInput(tokenizer, text)
      expect(encodeInput(again, text).ids).toEqual(ids)
      expect(again.decode(ids, { specials: true })).toBe(tokenizer.decode(ids, { specials: true }))
    }
    expect(encodeInput(again, TEXT, { specials: true })).toEqual(
      encodeInput(tokenizer, TEXT, { specials: true }),
    )
    expect(again.specialTokens).toEqual(tokenizer.specialTokens)
    expect(again.vocabSize).toBe(tokenizer.vocabSize)
    for (const role of ['unkId', 'padId', 'maskId', 'sepId'] as const)
      expect(again[role], role).toBe(tokenizer[role])
  })
})

it('keeps what SentencePiece does with equal scores, user-defined pieces and blanks', () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byteToken(byte))
  const normal = (text: string, score: number) => ({ text, score, kind: 'normal' as const })
  const tokenizer = loadTokenizer(
    sentencePieceJson({
      type: 'bpe',
      pieces: [
        { text: '<unk>', score: 0, kind: 'unknown' },
        ...bytes.map((text) => ({ text, score: 0, kind: 'byte' as const })),
        { text: '<x>', score: 0, kind: 'user' },
        ...['bc', 'ab'].map((text) => normal(text, 0)),
        ...[...'▁abc<x>'].map((text, i) => normal(text, -10 - i)),
      ],
      byteFallback: true,
      charsmap: '',
      addDummyPrefix: true,
      removeExtraWhitespaces: true,
    }),
  )
  const again = reread(written(tokenizer))
  for (const text of ['abc', ' bcabc \n abcabc ', '<x>abc<x>', '我bcab  '])
    expect(again.encode(text)).toEqual(tokenizer.encode(text))
  expect(again.encode('abc')).toEqual([260, 259, 263])
})

describe('what is written', () => {
  it('lists as many tokens as the model has rows; those behind are left out again', async () => {
    const tokenizer = await bpe()
    const metadata = written(tokenizer, { rows: tokenizer.vocabSize + 2 })
    const tokens = metadata.strings('tokenizer.ggml.tokens')
    expect(tokens.length).toBe(tokenizer.vocabSize + 2)
    const types = metadata.numbers('tokenizer.ggml.token_type')
    expect([tokens.at(-1), types[tokens.length - 1]]).toEqual([`[PAD${tokens.length - 1}]`, 5])
    expect(reread(metadata).vocabSize).toBe(tokenizer.vocabSize)
  })

  it('tells control tokens, bytes and the unknown one from others', () => {
    const metadata = written(loadTokenizer(llama2File()))
    const tokens = metadata.strings('tokenizer.ggml.tokens')
    const typeOf = (token: string) =>
      metadata.numbers('tokenizer.ggml.token_type')[tokens.indexOf(token)]
    expect(['<unk>', '<s>', '</s>', '<0x0A>', '▁'].map(typeOf)).toEqual([2, 3, 3, 6, 1])
    expect(metadata.boolean('tokenizer.ggml.add_bos_token')).toBe(true)
    expect(metadata.boolean('tokenizer.ggml.add_space_prefix')).toBe(true)
  })

  it('has a BOS before texts where the model is said to want one', async () => {
    const tokenizer = await bpe()
    expect(written(tokenizer).boolean('tokenizer.ggml.add_bos_token')).toBe(false)
    const metadata = written(tokenizer, { addBos: true })
    expect(metadata.boolean('tokenizer.ggml.add_bos_token')).toBe(true)
    expect(encodeInput(reread(metadata), 'a').ids[0]).toBe(tokenizer.bosId)
  })

  it("marks the beginnings of a WordPiece's words", () => {
    const tokens = written(loadTokenizer(bertFile())).strings('tokenizer.ggml.tokens')
    expect(tokens).toEqual(expect.arrayContaining(['▁the', 'ing', '[CLS]']))
    expect(tokens).not.toContain('##ing')
  })
})

describe('what llama.cpp does not have is refused', () => {
  const changed = (json: TokenizerJson, change: Partial<TokenizerJson>) =>
    loadTokenizer({ ...json, ...change })

  it.each<[string, () => Tokenizer | Promise<Tokenizer>]>([
    ['cuts text in a way that llama.cpp does not know', () => bpe('chinese')],
    [
      'no bytes for characters that it does not know (model.byte_fallback)',
      () => {
        const json = llama2File()
        return changed(json, { model: { ...json.model, byte_fallback: false } })
      },
    ],
    ['model.byte_fallback of a Unigram', () => loadTokenizer(t5File({ bytes: true }))],
    ['normalizer (Lowercase)', () => changed(llama2File(), { normalizer: { type: 'Lowercase' } })],
    ["normalizer is not BERT's", () => changed(bertFile(), { normalizer: { type: 'Lowercase' } })],
    [
      'are not those of SentencePiece',
      () => {
        const json = llama2File()
        const merges = (json.model.merges as string[]).slice(1)
        return changed(json, { model: { ...json.model, merges } })
      },
    ],
  ])('%s', async (message, create) => {
    const tokenizer = await create()
    expect(() => written(tokenizer)).toThrow(message)
  })
})

describe('files that make no sense are refused', () => {
  const text = (value: string): GgufValue => ({ type: 'string', value })
  it.each<[string, string, GgufValue]>([
    ['"tokenizer.ggml.model" is "constructor"', 'tokenizer.ggml.model', text('constructor')],
    ['"tokenizer.ggml.model" is "rwkv"', 'tokenizer.ggml.model', text('rwkv')],
    ['"tokenizer.ggml.pre" is "poro-chat"', 'tokenizer.ggml.pre', text('poro-chat')],
    [
      'merge 0 is no pair',
      'tokenizer.ggml.merges',
      { type: 'array', items: 'string', value: ['qq zz'] },
    ],
    [
      'has 1 entries for',
      'tokenizer.ggml.token_type',
      { type: 'array', items: 'int32', value: [1] },
    ],
    [
      'has a token twice',
      'tokenizer.ggml.tokens',
      { type: 'array', items: 'string', value: ['a', 'a'] },
    ],
    [
      'token 1 has 2000 characters',
      'tokenizer.ggml.tokens',
      { type: 'array', items: 'string', value: ['a', 'a'.repeat(2000)] },
    ],
  ])('%s', async (message, key, value) => {
    const metadata = written(await bpe())
    metadata.set(key, value)
    if (key.endsWith('tokens')) metadata.delete('tokenizer.ggml.token_type')
    expect(() => readGgufTokenizer(metadata)).toThrow(message)
  })
})
