import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import { memoryTokens } from '../token-source.ts'
import { evaluationBatches } from './evaluation-batches.ts'
import { mixture } from './mixture.ts'
import { packedDocuments } from './packed-documents.ts'
import { randomWindows } from './random-windows.ts'
import { batchReader, type RowReader } from './reader.ts'
import { ShuffledIndices } from './shuffled-indices.ts'

/** Ids 0 .. count - 1, so that an id tells its place. */
const numbers = (count: number, starts?: number[]) =>
  memoryTokens(
    Array.from({ length: count }, (_, i) => i),
    starts,
  )

const rowsOf = (reader: RowReader, count: number, length: number): number[][] =>
  Array.from({ length: count }, () => {
    const row = new Int32Array(length)
    reader.read(row)
    return [...row]
  })

describe('randomWindows', () => {
  it('draws every window evenly, and nothing else', () => {
    const counts = new Map<number, number>()
    for (const row of rowsOf(randomWindows(numbers(10), { seed: 1 }), 7000, 4)) {
      const [first = -1] = row
      expect(row).toEqual([first, first + 1, first + 2, first + 3])
      counts.set(first, (counts.get(first) ?? 0) + 1)
    }
    expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
    // 1000 each; 5 deviations of sqrt(7000 * 1/7 * 6/7) = 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })

  it('says what it needs when the data is too short', () => {
    const reader = randomWindows(numbers(4), { seed: 1 })
    expect(rowsOf(reader, 1, 4)).toEqual([[0, 1, 2, 3]])
    expect(() => rowsOf(reader, 1, 5)).toThrow(
      new UserError(
        'the data has 4 tokens, but a context of 4 needs at least 5; give more text or a smaller ' +
          'context',
      ),
    )
  })
})

describe('packedDocuments', () => {
  it('reads every document whole, once a round, in an order that changes', () => {
    const starts = [0, 3, 3, 8, 9, 15]
    const reader = packedDocuments(numbers(20, starts), { seed: 3 })
    // Rows of 5 inputs and one more target: 20 tokens are 4 rows.
    const rounds = Array.from({ length: 3 }, () =>
      rowsOf(reader, 4, 6).flatMap((row) => row.slice(0, 5)),
    )
    for (const round of rounds) {
      expect(round.toSorted((a, b) => a - b)).toEqual(numbersTo(20))
      for (let i = 1; i < 20; i++) {
        const follows = round[i] === (round[i - 1] as number) + 1
        if (!follows) expect(starts).toContain(round[i])
      }
    }
    expect(rounds[0]).not.toEqual(rounds[1])
  })

  it('makes each token a target: a row goes on where the one before it ended', () => {
    const rows = rowsOf(packedDocuments(numbers(7, [0, 2]), { seed: 5 }), 20, 4)
    for (let i = 1; i < rows.length; i++) expect(rows[i]?.[0]).toBe(rows[i - 1]?.[3])
  })
})

const numbersTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('mixture', () => {
  const constant = (value: number): RowReader => ({
    read: (row) => row.fill(value),
    state: () => null,
    restore: () => {},
  })

  it('draws by weight', () => {
    const parts = [
      { reader: constant(1), weight: 3 },
      { reader: constant(2), weight: 0.5 },
      { reader: constant(3), weight: 1.5 },
    ]
    const drawn = rowsOf(mixture(parts, { seed: 7 }), 4000, 1).flat()
    const share = (value: number) => drawn.filter((other) => other === value).length / 4000
    expect(share(1)).toBeCloseTo(0.6, 1)
    expect(share(2)).toBeCloseTo(0.1, 1)
    expect(share(3)).toBeCloseTo(0.3, 1)
  })

  it('refuses weights that are none', () => {
    for (const weights of [[0, 1], [1, -1], [Number.NaN], [Infinity], []]) {
      const parts = weights.map((weight) => ({ reader: constant(1), weight }))
      expect(() => mixture(parts, { seed: 1 })).toThrow(UserError)
    }
  })
})

describe('resumption', () => {
  const kinds: Record<string, (seed: number) => RowReader> = {
    'random windows': (seed) => randomWindows(numbers(50), { seed }),
    'packed documents': (seed) => packedDocuments(numbers(50, [0, 7, 8, 30]), { seed }),
    mixture: (seed) =>
      mixture(
        [
          { reader: randomWindows(numbers(50), { seed }), weight: 1 },
          { reader: packedDocuments(numbers(30, [0, 9, 20]), { seed }), weight: 2 },
        ],
        { seed },
      ),
  }
  it.each(Object.keys(kinds))('%s go on exactly where they were', (kind) => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(40), fc.integer({ min: 1, max: 9 }), (seed, before, length) => {
        const make = (s: number) => batchReader(kinds[kind]?.(s) as RowReader, { rows: 2, length })
        const reader = make(seed)
        for (let i = 0; i < before; i++) reader.next()
        const saved = JSON.stringify(reader.state())
        const expected = Array.from({ length: 20 }, () => reader.next())
        const resumed = make(seed + 1)
        resumed.restore(JSON.parse(saved))
        expect(Array.from({ length: 20 }, () => resumed.next())).toEqual(expected)
        expect(resumed.state()).toEqual(reader.state())
      }),
    )
  })

  it("refuses another kind's state", () => {
    const { 'random windows': windows, 'packed documents': documents } = kinds
    expect(() => windows?.(1).restore(documents?.(1).state())).toThrow(UserError)
    expect(() => documents?.(1).restore(windows?.(1).state())).toThrow(UserError)
    expect(() => kinds.mixture?.(1).restore(windows?.(1).state())).toThrow(UserError)
  })
})

it('shuffles evenly', () => {
  const order = new ShuffledIndices(3, 11)
  const counts = new Map<string, number>()
  for (let round = 0; round < 6000; round++) {
    let seen = ''
    for (let i = 0; i < 3; i++) {
      seen += order.current
      order.advance()
    }
    counts.set(seen, (counts.get(seen) ?? 0) + 1)
  }
  expect([...counts.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210'])
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
})

describe('batchReader', () => {
  it('gives inputs and, one place on, their targets', () => {
    const batch = batchReader(randomWindows(numbers(100), { seed: 2 }), {
      rows: 3,
      length: 4,
    }).next()
    const { ids = [], targets = [] } = batch.arrays
    expect([batch.rows, batch.length, ids.length, batch.count]).toEqual([3, 4, 12, 12])
    expect([...targets]).toEqual([...ids].map((id) => id + 1))
  })
})

describe('evaluationBatches', () => {
  it('makes every token but the first a target once, after the tokens before it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 17 }),
        (count, rows, length) => {
          const targets: number[] = []
          for (const batch of evaluationBatches(numbers(count), { rows, length })) {
            const { ids = [], targets: next = [] } = batch.arrays
            expect(ids.length).toBe(rows * length)
            expect(batch.count).toBe([...next].filter((target) => target !== -100).length)
            for (let i = 0; i < rows * length; i++) {
              const target = next[i] as number
              if (target === -100) continue
              targets.push(target)
              expect(ids[i]).toBe(target - 1)
            }
          }
          expect(targets).toEqual(numbersTo(count).slice(1))
        },
      ),
    )
  })

  it('refuses data with nothing to predict', () => {
    const batches = evaluationBatches(numbers(1), { rows: 1, length: 1 })
    expect(() => batches.next()).toThrow(UserError)
  })
})
