import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../errors.ts'
import { loadTokenizer } from '../../text/load.ts'
import { byteToken } from '../../text/pipeline/model.ts'
import { llama2cTokenizer } from './vocabulary.ts'

const CASES = process.env.CHECK_LONG ? 10_000 : 200

type Scored = readonly [string, number]

/** A file of these tokens; the first 259 are the reserved ones and the bytes, as in all of them. */
function fileOf(tokens: readonly Scored[]): Uint8Array {
  const bytes = Array.from({ length: 256 }, (_, byte): Scored => [byteToken(byte), 0])
  const all: Scored[] = [['<unk>', 0], ['\n<s>\n', 0], ['\n</s>\n', 0], ...bytes, ...tokens]
  const texts = all.map(([text]) => new TextEncoder().encode(text))
  const file = new Uint8Array(4 + texts.reduce((size, text) => size + 8 + text.length, 0))
  const view = new DataView(file.buffer)
  let at = 4
  all.forEach(([, score], i) => {
    const text = texts[i] as Uint8Array
    view.setFloat32(at, score, true)
    view.setInt32(at + 4, text.length, true)
    file.set(text, at + 8)
    at += 8 + text.length
  })
  return file
}

/**
 * llama2.c's encoder: a blank first, then of all neighbors that are a token those of the highest
 * score.
 */
function slowly(tokens: readonly Scored[], text: string): number[] {
  const idOf = new Map(tokens.map(([token], i) => [token, 259 + i]))
  const symbols = Array.from(text === '' ? '' : ` ${text}`).flatMap((character) =>
    idOf.has(character)
      ? [character]
      : Array.from(new TextEncoder().encode(character), (byte) => byteToken(byte)),
  )
  for (;;) {
    let [best, at] = [Number.NEGATIVE_INFINITY, -1]
    for (let i = 0; i + 1 < symbols.length; i++) {
      const id = idOf.get(`${symbols[i]}${symbols[i + 1]}`)
      const score = id === undefined ? Number.NEGATIVE_INFINITY : (tokens[id - 259] as Scored)[1]
      if (score > best) [best, at] = [score, i]
    }
    if (at < 0) break
    symbols.splice(at, 2, `${symbols[at]}${symbols[at + 1]}`)
  }
  return symbols.map((symbol) => idOf.get(symbol) ?? 3 + Number(symbol.slice(1, -1)))
}

/**
 * Trains a vocabulary: the pair that is most frequent becomes a token, its score the next lower
 * one.
 */
function train(corpus: string, merges: number): Scored[] {
  const symbols = [...corpus]
  const tokens: Scored[] = []
  while (tokens.length < merges) {
    const counts = new Map<string, number>()
    for (let i = 0; i + 1 < symbols.length; i++) {
      const pair = `${symbols[i]}${symbols[i + 1]}`
      counts.set(pair, (counts.get(pair) ?? 0) + 1)
    }
    const [best] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    if (!best) break
    if (!tokens.some(([token]) => token === best[0])) tokens.push([best[0], -tokens.length])
    for (let i = 0; i + 1 < symbols.length; i++) {
      if (`${symbols[i]}${symbols[i + 1]}` === best[0]) symbols.splice(i, 2, best[0])
    }
  }
  const characters = [...new Set(corpus)].map((one, i): Scored => [one, -tokens.length - i])
  return [...tokens, ...characters]
}

const unit = fc.constantFrom('a', 'b', 'c', ' ', '中')
const texts = fc.string({ unit: fc.oneof(unit, fc.constantFrom('🐋', 'é', '\n')), maxLength: 24 })

describe('encodings are those of the greedy search', () => {
  const check = (tokens: readonly Scored[], text: string) => {
    const tokenizer = loadTokenizer(llama2cTokenizer(fileOf(tokens)))
    const ids = tokenizer.encode(text)
    expect(ids).toEqual(slowly(tokens, text))
    expect(tokenizer.decode(ids)).toBe(text)
  }

  test('with a trained vocabulary', () => {
    const corpora = fc.string({ unit, minLength: 10, maxLength: 80 })
    fc.assert(
      fc.property(corpora, texts, (corpus, text) => check(train(` ${corpus}`, 20), text)),
      { numRuns: CASES },
    )
  })

  test('with any vocabulary', () => {
    const some = fc.uniqueArray(fc.string({ unit, minLength: 2, maxLength: 5 }), { maxLength: 20 })
    fc.assert(
      fc.property(some, fc.infiniteStream(fc.nat(1000)), texts, (tokens, scores, text) => {
        const scored = ['a', 'b', 'c', ' ', ...tokens].map(
          (token, i): Scored => [token, (scores.next().value as number) + i / 64],
        )
        check(scored, text)
      }),
      { numRuns: CASES },
    )
  })
})

test('special tokens have their usual names and places', () => {
  const tokenizer = loadTokenizer(llama2cTokenizer(fileOf([[' ', 0]])))
  const { vocabSize, unkId, bosId, eosId, specialTokens } = tokenizer
  expect({ vocabSize, unkId, bosId, eosId }).toEqual({
    vocabSize: 260,
    unkId: 0,
    bosId: 1,
    eosId: 2,
  })
  expect(specialTokens).toEqual({ '<unk>': 0, '<s>': 1, '</s>': 2 })
  expect(tokenizer.inputTemplate?.single).toEqual([
    { ids: [1], type: 0 },
    { text: 0, type: 0 },
  ])
})

test('any file is a vocabulary or refused', () => {
  const whole = fileOf([
    [' ', 0],
    ['a', 0],
    [' a', 1],
  ])
  let refused = 0
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(40), (at, byte, cut) => {
      const file = whole.slice(0, whole.length - cut)
      file[at % file.length] = byte
      try {
        loadTokenizer(llama2cTokenizer(file)).encode('a')
      } catch (error) {
        expect(error).toBeInstanceOf(UserError)
        refused++
      }
    }),
    { numRuns: CASES },
  )
  expect(refused).toBeGreaterThan(CASES / 4)
  expect(() => llama2cTokenizer(new Uint8Array(3))).toThrow('no vocabulary of llama2.c')
})
