import fc from 'fast-check'
import cl100kRanks from 'gpt-tokenizer/bpeRanks/cl100k_base'
import gpt2Ranks from 'gpt-tokenizer/bpeRanks/r50k_base'
import { encode as encodeCl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { encode as encodeGpt2 } from 'gpt-tokenizer/encoding/r50k_base'
import { beforeAll, describe, expect, test } from 'vitest'
import { bpeFromRanks } from '../../../test/bpe-from-ranks.ts'
import { loadTokenizer } from '../load.ts'
import type { Tokenizer } from '../tokenizer.ts'

const prose = `It was the best of times, it WASN'T the worst: 1,859 pages -- "they'd say"...
  今天天气很好，我们去公园吧！１２３　鲸鱼（Moby Dick）在2024年12月31日说：“你好”。
naïve Ωmega Привет, мир! สวัสดี हिन्दी 한국어 ひらがなカタカナ العربية
👍🏽👩‍👩‍👧‍👦🇨🇳 €½Ⅷ² \u200b\t\tfor (let i = 0; i < n; i++) {\r\n    sum += xs[i] ** 2 // ok\n}\n\n\n   `

/**
 * The peer's JavaScript white space differs from the reference implementations' in two characters.
 */
const withoutThose = (text: string): string => text.replace(/[\u0085\ufeff]/g, '')

const texts = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc
      .array(fc.constantFrom(...prose, "'s", "'RE", '\r\n', '  '), { maxLength: 80 })
      .map((c) => c.join('')),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => new TextDecoder().decode(bytes)),
  )
  .map(withoutThose)

const bytesOf = (token: string | readonly number[]): Uint8Array =>
  typeof token === 'string' ? new TextEncoder().encode(token) : Uint8Array.from(token)

/** Nothing in the text is a special token to the peer either. */
const plain = { disallowedSpecial: new Set<string>() }

describe.each([
  ['gpt2' as const, gpt2Ranks, (text: string) => encodeGpt2(text, plain)],
  ['cl100k' as const, cl100kRanks, (text: string) => encodeCl100k(text, plain)],
])('%s built from the published ranks', (split, ranks, encode) => {
  let tokenizer: Tokenizer
  beforeAll(() => {
    const specials = { '<|endoftext|>': ranks.length }
    tokenizer = bpeFromRanks(ranks.map(bytesOf), { split, specials })
  })

  test('gives the ids of gpt-tokenizer for prose, Chinese, code and emoji', () => {
    expect(tokenizer.encode(prose)).toEqual(encode(prose))
    expect(tokenizer.decode(encode(prose))).toBe(prose)
  })

  test('gives the ids of gpt-tokenizer for random text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(tokenizer.encode(text)).toEqual(encode(text))
      }),
      { numRuns: process.env.CHECK_LONG ? 100_000 : 3000 },
    )
  })

  test('every token is reached by merging, and the saved file does the same', () => {
    const json = JSON.parse(JSON.stringify(tokenizer)) as { model: Record<string, unknown> }
    expect(json.model.merges).toHaveLength(ranks.length - 256)
    expect(json.model.ignore_merges).toBe(false)
    expect(loadTokenizer(json).encode(prose)).toEqual(encode(prose))
  })
})

test('a token that merging does not reach is used for whole words only', () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))
  const tokenizer = bpeFromRanks([...bytes, undefined, bytesOf('xyz')], {
    split: 'gpt2',
    specials: {},
  })
  expect(tokenizer.encode('xyz')).toEqual([257])
  expect(tokenizer.encode('xyzz')).toEqual([120, 121, 122, 122])
  expect(tokenizer.vocabSize).toBe(258)
})

test('a token may be named as JavaScript names a prototype', () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))
  const parts = ['__', '__p', '__pr', '__pro', '__prot', '__proto', '__proto_', '__proto__']
  const tokenizer = bpeFromRanks([...bytes, ...parts.map(bytesOf)], { split: 'gpt2', specials: {} })
  const again = loadTokenizer(JSON.parse(JSON.stringify(tokenizer)))
  expect(again.vocabSize).toBe(264)
  expect(again.decode([263])).toBe('__proto__')
})

test('a missing byte is an error', () => {
  expect(() => bpeFromRanks([bytesOf('a')], { split: 'gpt2', specials: {} })).toThrow(
    'ranks: the byte 0 is not a token',
  )
})
