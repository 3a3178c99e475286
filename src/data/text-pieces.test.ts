import fc from 'fast-check'
import { encode as cl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { encode as o200k } from 'gpt-tokenizer/encoding/o200k_base'
import { encode as r50k } from 'gpt-tokenizer/encoding/r50k_base'
import { describe, expect, it } from 'vitest'
import { measureText, textDocuments, textPieces, unitIndex } from './text-pieces.ts'

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Words of several scripts with every kind of thing between them. */
const prose = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'the',
        'Whale',
        "don't",
        'über',
        '鲸鱼',
        '海',
        '我们',
        'x86',
        '1851',
        '🐳',
        'e\u0301',
      ),
      fc.constantFrom(
        ' ',
        ' ',
        '\n',
        ', ',
        '. ',
        '  ',
        '\n\n',
        '，',
        '。\n',
        '！',
        ' \n',
        "'",
        '-',
        '：',
      ),
    ),
    { maxLength: 300, size: 'max' },
  )
  .map((words) => words.flat().join(''))

describe('textPieces', () => {
  it('gives the whole text, in order, and marks its end', async () => {
    await fc.assert(
      fc.asyncProperty(
        prose,
        fc.nat(9),
        fc.integer({ min: 1, max: 30 }),
        async (text, cut, size) => {
          const parts = [text.slice(0, cut), text.slice(cut)]
          const pieces = await collect(textPieces(parts, 'book', size))
          expect(pieces.map((piece) => piece.text).join('')).toBe(text)
          expect(pieces.map((piece) => piece.end)).toEqual(
            pieces.map((_, i) => i === pieces.length - 1),
          )
          expect(pieces.every((piece) => piece.text !== '' || text === '')).toBe(true)
        },
      ),
    )
  })

  it('cuts where tokens begin, so that the pieces encode as the whole does', async () => {
    let cuts = 0
    await fc.assert(
      fc.asyncProperty(prose, async (text) => {
        // Cut anywhere else only where no word ends within 80 units.
        const pieces = (await collect(textPieces([text], '', 20))).map((piece) => piece.text)
        if (pieces.some((piece) => piece.length >= 79 && piece !== pieces.at(-1))) return
        cuts += pieces.length - 1
        for (const encode of [r50k, cl100k, o200k]) {
          expect(pieces.flatMap((piece) => encode(piece))).toEqual(encode(text))
        }
      }),
      { numRuns: 400 },
    )
    expect(cuts).toBeGreaterThan(100)
  })

  it('cuts between characters where no word ends', async () => {
    const text = '🐳'.repeat(50)
    const pieces = await collect(textPieces([text], '', 10))
    expect(pieces.length).toBeGreaterThan(1)
    for (const piece of pieces) expect(piece.text).toMatch(/^(🐳)+$/u)
  })

  it('gives an empty document as one empty piece', async () => {
    expect(await collect(textPieces([], 'void'))).toEqual([{ name: 'void', text: '', end: true }])
  })
})

it('gives one document per text in memory', async () => {
  expect(await collect(textDocuments(['one', 'two']))).toEqual([
    { name: 'document 1', text: 'one', end: true },
    { name: 'document 2', text: 'two', end: true },
  ])
})

it('measures characters and bytes as Unicode counts them', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(measureText(text)).toEqual({
        characters: [...text].length,
        bytes: new TextEncoder().encode(text).length,
      })
    }),
  )
})

it('finds the place of a character', () => {
  const text = 'a🐳b鲸c'
  expect([0, 1, 2, 3, 4, 5].map((n) => text.slice(0, unitIndex(text, n)))).toEqual([
    '',
    'a',
    'a🐳',
    'a🐳b',
    'a🐳b鲸',
    text,
  ])
})
