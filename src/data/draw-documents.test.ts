import { expect, test } from 'vitest'
import { drawDocuments } from './split.ts'
import { textDocuments, textPieces } from './text-pieces.ts'

const texts = Array.from({ length: 50 }, (_, i) => `document ${i}`)

async function sides(options: { held: number; seed?: number }) {
  const draw = drawDocuments(() => textDocuments(texts), { count: texts.length, ...options })
  return Promise.all(
    draw.map(async (side) => {
      const found: string[] = []
      for await (const { text } of side) found.push(text)
      return found
    }),
  ) as Promise<[string[], string[]]>
}

test('so many documents are held out, by the seed, and all others are learned', async () => {
  const [learned, held] = await sides({ held: 10, seed: 1 })
  expect([learned.length, held.length]).toEqual([40, 10])
  expect(texts.filter((text) => learned.includes(text) !== held.includes(text))).toEqual(texts)
  expect((await sides({ held: 10, seed: 1 }))[1]).toEqual(held)
  expect((await sides({ held: 10, seed: 2 }))[1]).not.toEqual(held)
  expect((await sides({ held: 10 }))[1]).toEqual(texts.slice(40))
  expect((await sides({ held: 0, seed: 1 }))[1]).toEqual([])
})

test('each document is equally likely', async () => {
  const times = new Map<string, number>()
  for (let seed = 0; seed < 400; seed++)
    for (const text of (await sides({ held: 5, seed }))[1])
      times.set(text, (times.get(text) ?? 0) + 1)
  // Binomial: 400 times 0.1, deviation 6; four deviations either way.
  for (const text of texts) expect(Math.abs((times.get(text) ?? 0) - 40)).toBeLessThan(24)
})

test('a document of several pieces stays whole', async () => {
  async function* documents() {
    yield* textPieces(['a b c d e f g h'], 'a', 2)
    yield* textPieces(['x y z u v w'], 'x', 2)
  }
  const [learned, held] = drawDocuments(documents, { count: 2, held: 1 })
  let [first, second] = ['', '']
  for await (const { text } of learned) first += text
  for await (const { text } of held) second += text
  expect([first, second]).toEqual(['a b c d e f g h', 'x y z u v w'])
})
