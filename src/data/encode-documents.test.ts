import { describe, expect, it } from 'vitest'
import { UserError } from '../errors.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { encodeDocuments } from './encode-documents.ts'
import { textDocuments, textPieces } from './text-pieces.ts'
import { encodeToMemory, memoryTokens } from './token-source.ts'

/** a = 1, b = 2, ...; 0 begins a document. */
const letters: Tokenizer = {
  vocabSize: 27,
  specialTokens: { '<s>': 0 },
  bosId: 0,
  eosId: undefined,
  encode: (text) =>
    [...text].map((letter) => {
      if (!/[a-z]/.test(letter)) throw new UserError(`'${letter}' is not in the vocabulary`)
      return letter.charCodeAt(0) - 96
    }),
  decode: () => '',
  decoder: () => ({ push: () => '', end: () => '' }),
  toJSON: () => ({}),
}

const idsOf = (tokens: ReturnType<typeof memoryTokens>) => {
  const ids = new Int32Array(tokens.length)
  tokens.read(0, ids)
  return [...ids]
}

describe('encodeToMemory', () => {
  it('puts BOS before each document and notes where they begin', async () => {
    const tokens = await encodeToMemory(textDocuments(['abc', '', 'de']), letters)
    expect(idsOf(tokens)).toEqual([0, 1, 2, 3, 0, 0, 4, 5])
    expect([...(tokens.documentStarts() as number[])]).toEqual([0, 4, 5])
  })

  it('puts the end token behind each document, once where it is BOS too', async () => {
    const idsWith = async (roles: Partial<Tokenizer>) => {
      const tokenizer = { ...letters, bosId: undefined, ...roles }
      return idsOf(await encodeToMemory(textDocuments(['ab', '', 'c']), tokenizer))
    }
    expect(await idsWith({ bosId: 0, eosId: 0 })).toEqual([0, 1, 2, 0, 0, 3])
    expect(await idsWith({ bosId: 0, eosId: 26 })).toEqual([0, 1, 2, 26, 0, 26, 0, 3, 26])
    expect(await idsWith({ eosId: 26 })).toEqual([26, 1, 2, 26, 26, 3])
    // Encoders have a separator instead.
    expect(await idsWith({ sepId: 25 })).toEqual([1, 2, 25, 25, 3, 25])
  })

  it('leaves BOS out where it is not wanted, or there is none', async () => {
    for (const [tokenizer, options] of [
      [letters, { marks: false }],
      [{ ...letters, bosId: undefined }, {}],
    ] as const) {
      const tokens = await encodeToMemory(textDocuments(['abc', 'de']), tokenizer, options)
      expect(idsOf(tokens)).toEqual([1, 2, 3, 4, 5])
      expect([...(tokens.documentStarts() as number[])]).toEqual([0, 3])
    }
  })

  it('begins a document once, however many pieces it has', async () => {
    const pieces = []
    for await (const piece of encodeDocuments(textPieces(['abcdefghij'], '', 2), letters)) {
      pieces.push(piece)
    }
    expect(pieces.length).toBeGreaterThan(1)
    expect(pieces.flatMap(({ ids }) => ids)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(pieces.filter(({ starts }) => starts).length).toBe(1)
    expect(pieces.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(10)
  })

  it("names the document in the tokenizer's errors", async () => {
    await expect(encodeToMemory(textDocuments(['ab', 'c!']), letters)).rejects.toThrow(
      new UserError("document 2: '!' is not in the vocabulary"),
    )
  })
})

it('refuses to read beyond the end', () => {
  const tokens = memoryTokens([1, 2, 3])
  expect(() => tokens.read(2, new Int32Array(2))).toThrow(RangeError)
  expect(() => tokens.read(-1, new Int32Array(2))).toThrow(RangeError)
})
