import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitDocuments, splitPoint } from './split.ts'
import type { TextPiece } from './text-pieces.ts'

const documents = fc.array(
  fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1, maxLength: 4 }),
  { maxLength: 5 },
)

async function* piecesOf(texts: string[][]): AsyncGenerator<TextPiece> {
  for (const [number, pieces] of texts.entries()) {
    for (const [i, text] of pieces.entries()) {
      yield { name: `${number}`, text, end: i === pieces.length - 1 }
    }
  }
}

const collect = async (pieces: AsyncIterable<TextPiece>): Promise<TextPiece[]> => {
  const all: TextPiece[] = []
  for await (const piece of pieces) all.push(piece)
  return all
}

const textOf = (pieces: TextPiece[]) => pieces.map(({ text }) => text).join('')

describe('splitDocuments', () => {
  it('cuts after exactly so many characters and loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        documents,
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (texts, share) => {
          const whole = [...texts.flat().join('')]
          const at = splitPoint(whole.length, share)
          const [first, second] = splitDocuments(piecesOf(texts), at)
          const head = await collect(first)
          const tail = await collect(second)
          expect(textOf(head)).toBe(whole.slice(0, at).join(''))
          expect(textOf(tail)).toBe(whole.slice(at).join(''))
          // Both parts end with the end of a document.
          for (const part of [head, tail]) expect(part.at(-1)?.end ?? true).toBe(true)
          const ends = [...head, ...tail].filter(({ end }) => end).length
          expect(ends - texts.length).toBeOneOf([0, 1])
        },
      ),
    )
  })

  it('leaves documents whole where the cut falls between them', async () => {
    const [first, second] = splitDocuments(piecesOf([['ab', 'cd'], ['ef']]), 4)
    expect((await collect(first)).map(({ text, end }) => [text, end])).toEqual([
      ['ab', false],
      ['cd', true],
    ])
    expect((await collect(second)).map(({ text, end }) => [text, end])).toEqual([['ef', true]])
  })
})

it("splits where nanoGPT's int(n * 0.9) does", () => {
  expect(splitPoint(1_115_394, 0.1)).toBe(1_003_854)
  expect(splitPoint(10, 0.1)).toBe(9)
  expect(splitPoint(7, 0)).toBe(7)
})
