import { expect, test } from 'vitest'
import { textPairSet } from '../tasks/embed.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { type ExampleSet, exampleReader } from './example-set.ts'
import { joinSets } from './join-sets.ts'

/** Examples whose number is their only id. */
const numbers = (count: number, first: number): ExampleSet => ({
  count,
  longest: first,
  notices: count > 2 ? ['one is cut'] : [],
  collate: (indices) => ({
    rows: indices.length,
    length: 2,
    arrays: {
      ids: Int32Array.from(indices.flatMap((i) => [first + i, 0])),
      weights: Float32Array.from(indices, (i) => (first + i) / 2),
    },
    count: indices.length,
  }),
})

const both = () =>
  joinSets([
    { set: numbers(2, 0), name: 'a.jsonl', weight: 3 },
    { set: numbers(4, 100), name: 'b.jsonl', weight: 1 },
  ])

test('several sets are one, whose batches have rows of all of them', () => {
  const set = both()
  expect([set.count, set.longest, set.notices]).toEqual([6, 100, ['b.jsonl: one is cut']])
  expect(set.collate([4, 0, 5, 1, 2])).toEqual({
    rows: 5,
    length: 2,
    arrays: {
      ids: Int32Array.from([0, 0, 1, 0, 102, 0, 103, 0, 100, 0]),
      weights: Float32Array.from([0, 0.5, 51, 51.5, 50]),
    },
    count: 5,
  })
  expect(set.collate([3])).toEqual(numbers(4, 100).collate([1]))
  const alone = numbers(3, 0)
  expect(joinSets([{ set: alone, name: 'a', weight: 2 }])).toBe(alone)
})

test('rows in several blocks stay in their blocks', async () => {
  const tokenizer = await trainCharTokenizer(['abcdefgh'], { kind: 'encoder' })
  const pairs = ['ab', 'cd', 'ef', 'gh'].map(([anchor = '', positive = ''], i) => {
    return { anchor, positive, where: `x:${i}` }
  })
  const setOf = (some: typeof pairs) => textPairSet(some, { tokenizer, length: 4 })
  const joined = joinSets([
    { set: setOf(pairs.slice(0, 3)), name: 'a', weight: 1 },
    { set: setOf(pairs.slice(3)), name: 'b', weight: 1 },
  ])
  expect(joined.collate([2, 3, 0])).toEqual(setOf(pairs).collate([2, 0, 3]))
})

test('a reader reads each part by its weight, all of it before any of it again', () => {
  const reader = exampleReader(both(), { rows: 10, seed: 1 })
  const seen = Array.from({ length: 400 }, () => reader.next()).flatMap(({ arrays: { ids } }) =>
    [...(ids as Int32Array)].filter((_, i) => i % 2 === 0),
  )
  const first = seen.filter((id) => id < 100)
  expect(first.length / seen.length).toBeCloseTo(0.75, 1)
  const counts = [0, 1].map((wanted) => first.filter((id) => id === wanted).length)
  expect(Math.abs((counts[0] as number) - (counts[1] as number))).toBeLessThanOrEqual(1)
  const saved = JSON.parse(JSON.stringify(reader.state()))
  const next = [reader.next(), reader.next()]
  const resumed = exampleReader(both(), { rows: 10, seed: 2 })
  resumed.restore(saved)
  expect([resumed.next(), resumed.next()]).toEqual(next)
  expect(() => exampleReader(numbers(6, 0), { rows: 10, seed: 1 }).restore(saved)).toThrow(
    'not one of shuffled reading',
  )
})
