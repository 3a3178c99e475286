import { readFileSync } from 'node:fs'
import cl100kRanks from 'gpt-tokenizer/bpeRanks/cl100k_base'
import gpt2Ranks from 'gpt-tokenizer/bpeRanks/r50k_base'
import { encode as encodeCl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { encode as encodeGpt2 } from 'gpt-tokenizer/encoding/r50k_base'
import { describe, expect, test } from 'vitest'
import type { SplitName } from '../src/text/bpe/split.ts'
import { trainBpe } from '../src/text/bpe/train.ts'
import { trainCharTokenizer } from '../src/text/char.ts'
import { loadTokenizer } from '../src/text/load.ts'
import { peerTokenizer } from '../src/text/peer.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'
import { bpeFromRanks } from '../test/bpe-from-ranks.ts'

const shared = (path: string): string =>
  readFileSync(new URL(`../../shared/data/${path}`, import.meta.url), 'utf8')

type Rows = Record<string, string>[]
const rows = (path: string): string =>
  (JSON.parse(shared(path)) as Rows).map((row) => Object.values(row).join('\n')).join('\n\n')

const texts = {
  'English prose': () => shared('text/wikitext2-valid.txt'),
  'English verse': () => shared('text/tinyshakespeare.txt'),
  Chinese: () => rows('chat/alpaca_zh_hikariming.json').slice(0, 1_000_000),
  'English instructions with code': () =>
    rows('chat/alpaca_data_en_52002.json').slice(0, 2_000_000),
}

/**
 * The reference is that of CS336's first assignment. Its rule for ties, found by trying: of pairs
 * equally frequent the greater is merged, by the bytes of the left token, then of the right one.
 * (The lesser one, and the one met first, leave its list at merges 31 and 64.)
 */
test('training gives the reference merges and vocabulary', async () => {
  const merges = shared('tokenizer/train-bpe-reference-merges.txt').trimEnd().split('\n')
  const vocab = JSON.parse(shared('tokenizer/train-bpe-reference-vocab.json'))
  const tokenizer = await trainBpe([shared('tokenizer/corpus.en')], {
    vocabSize: 500,
    split: 'gpt2',
    specialTokens: ['<|endoftext|>'],
  })
  const { model } = tokenizer.toJSON()
  expect(merges).toHaveLength(243)
  expect(model.merges).toEqual(merges)
  expect(model.vocab).toEqual(vocab)
})

const plain = { disallowedSpecial: new Set<string>() }
const bytesOf = (token: string | readonly number[]): Uint8Array =>
  typeof token === 'string' ? new TextEncoder().encode(token) : Uint8Array.from(token)

describe.each([
  ['gpt2' as SplitName, gpt2Ranks, (text: string) => encodeGpt2(text, plain)],
  ['cl100k' as SplitName, cl100kRanks, (text: string) => encodeCl100k(text, plain)],
])('%s', (split, ranks, encode) => {
  const tokenizer = bpeFromRanks(ranks.map(bytesOf), { split, specials: {} })
  const peer = peerTokenizer(JSON.parse(JSON.stringify(tokenizer)), {})

  test.each(Object.entries(texts))(
    '%s: ids of gpt-tokenizer and of @huggingface/tokenizers',
    (_, read) => {
      const text = read()
      const ids = tokenizer.encode(text)
      expectSame(ids, encode(text))
      expect(tokenizer.decode(ids)).toBe(text)
      const part = text.slice(0, 200_000)
      expectSame(tokenizer.encode(part), peer.encode(part, { add_special_tokens: false }).ids)
    },
  )

  test('random bytes', () => {
    const random = new Uint8Array(1 << 18)
    let state = 1
    for (let i = 0; i < random.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      random[i] = state >>> 24
    }
    // The peer takes JavaScript's white space, which differs in these two characters.
    const text = new TextDecoder().decode(random).replace(/[\u0085\ufeff]/g, '')
    expectSame(tokenizer.encode(text), encode(text))
  })
})

test.each(['gpt2', 'cl100k', 'chinese'] as const)(
  'a tokenizer trained here, %s: the saved file gives the same ids there',
  async (split) => {
    const text = texts.Chinese() + texts['English prose']()
    const tokenizer = await trainBpe([text], { vocabSize: 8000, split })
    expectSameAsPeer(tokenizer, text.slice(800_000, 1_000_000))
    expectSameAsPeer(tokenizer, text.slice(-200_000))
  },
)

test('a character tokenizer: the saved file gives the same ids there', async () => {
  const text = texts['English verse']()
  const tokenizer = await trainCharTokenizer([text])
  expect(tokenizer.vocabSize).toBe(65 + 1)
  // Without a pre-tokenizer the peer takes quadratic time.
  expectSameAsPeer(tokenizer, text.slice(0, 5000))
})

function expectSameAsPeer(tokenizer: Tokenizer, text: string): void {
  const json = JSON.parse(JSON.stringify(tokenizer))
  const ids = tokenizer.encode(text)
  expectSame(ids, peerTokenizer(json, {}).encode(text, { add_special_tokens: false }).ids)
  expectSame(loadTokenizer(json).encode(text), ids)
  expect(tokenizer.decode(ids)).toBe(text)
}

/** Says where long lists part, instead of printing them. */
function expectSame(ids: number[], expected: number[]): void {
  const at = ids.findIndex((id, i) => id !== expected[i])
  expect({ at, length: ids.length }).toEqual({ at: -1, length: expected.length })
}
