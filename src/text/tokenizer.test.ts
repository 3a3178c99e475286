import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bertFile, clipFile, llama2File, robertaFile, t5File } from '../../test/tokenizer-files.ts'
import { trainCharTokenizer } from './char.ts'
import { loadTokenizer } from './load.ts'
import { decodeAfter, type Tokenizer } from './tokenizer.ts'
import type { TokenizerJson } from './tokenizer-json.ts'

const CASES = process.env.CHECK_LONG ? 10_000 : 200

const wordLevel = {
  model: {
    type: 'WordLevel',
    vocab: { a: 0, cat: 1, 我: 2, '.': 3, '[UNK]': 4 },
    unk_token: '[UNK]',
  },
  pre_tokenizer: { type: 'WhitespaceSplit' },
}

const tokenizers: Record<string, Tokenizer> = {
  characters: await trainCharTokenizer(['the cats played, 我们']),
  'byte-level BPE': loadTokenizer(robertaFile()),
  'byte-level BPE with a blank before a text': loadTokenizer(robertaFile({ prefixSpace: true })),
  'SentencePiece BPE': loadTokenizer(llama2File()),
  Unigram: loadTokenizer(t5File()),
  'Unigram with bytes': loadTokenizer(t5File({ bytes: true })),
  WordPiece: loadTokenizer(bertFile()),
  'WordPiece, cleaned up': loadTokenizer(bertFile(), { clean_up_tokenization_spaces: true }),
  'ends of words': loadTokenizer(clipFile()),
  'words without a decoder': loadTokenizer(wordLevel),
}

describe.each(Object.entries(tokenizers))('%s', (_, tokenizer) => {
  const ids = fc.array(fc.nat({ max: tokenizer.vocabSize - 1 }), { maxLength: 12 })

  test('a continuation is the text of the whole without that of what comes before', () => {
    const texts = fc.constantFrom('the cat', 'the cats ', '我们', 'cat 我', 'a', '')
    fc.assert(
      fc.property(texts, ids, ids, (text, more, answer) => {
        const before = text === '' ? more : [...tokenizer.encode(text.slice(0, 7)), ...more]
        const whole = tokenizer.decode([...before, ...answer])
        const start = tokenizer.decode(before)
        // Half a character, or a blank that is cleaned away with what follows, is no text yet.
        fc.pre(!start.endsWith('\ufffd') && whole.startsWith(start))
        expect(decodeAfter(tokenizer, before, answer)).toBe(whole.slice(start.length))
      }),
      { numRuns: CASES },
    )
  })

  const cleansUp = tokenizer === tokenizers['WordPiece, cleaned up']
  test('a token is shown as it comes out', () => {
    fc.assert(
      fc.property(ids, ids, (before, answer) => {
        const decoder = tokenizer.decoder(before)
        for (const id of answer) {
          const shown = decoder.peek?.(id) ?? tokenizer.decode([id], { specials: true })
          const text = decoder.push(id)
          // Nothing is held back of a word that is complete, unless it may be cleaned up.
          if (text === '' || cleansUp || /\ufffd/.test(shown + text)) continue
          expect(text).toBe(shown)
        }
      }),
      { numRuns: CASES },
    )
  })
})

test.each([
  ['SentencePiece BPE', '▁cat', ' cat', 'cat'],
  ['SentencePiece BPE', '▁', ' ', ''],
  ['SentencePiece BPE', '<0xE4>', '\ufffd', '\ufffd'],
  ['SentencePiece BPE', '</s>', '</s>', '</s>'],
  ['Unigram with bytes', '<0xE4>', '\ufffd', '\ufffd'],
  ['Unigram', '▁cat', ' cat', 'cat'],
  ['WordPiece', 'cat', ' cat', 'cat'],
  ['WordPiece', '##s', 's', '##s'],
  ['ends of words', 'cat</w>', ' cat', 'cat'],
  ['words without a decoder', 'cat', ' cat', 'cat'],
])('%s: %s is %j after a word, and %j at the start', (kind, token, after, alone) => {
  const tokenizer = tokenizers[kind] as Tokenizer
  const { model, added_tokens } = tokenizer.toJSON() as TokenizerJson
  const vocab = model.vocab as Record<string, number> | [string, number][]
  const id = Array.isArray(vocab) ? vocab.findIndex(([text]) => text === token) : vocab[token]
  const before = tokenizer.encode('a')
  expect(added_tokens.length + (id ?? -1)).toBeGreaterThanOrEqual(0)
  expect(tokenizer.decoder(before).peek?.(id as number)).toBe(after)
  expect(tokenizer.decoder().peek?.(id as number)).toBe(alone)
})

test('what comes before is looked for behind tokens without a text', () => {
  const tokenizer = loadTokenizer(llama2File())
  const [the, cat] = [tokenizer.encode('the'), tokenizer.encode('cat')]
  const blank = tokenizer.encode(' ')
  const specials = new Array<number>(100).fill(tokenizer.eosId as number)
  expect(decodeAfter(tokenizer, [...the, ...specials], cat)).toBe(' cat')
  expect(decodeAfter(tokenizer, specials, cat)).toBe('cat')
  expect(decodeAfter(tokenizer, [...the, ...blank, ...blank], cat)).toBe(' cat')
})
