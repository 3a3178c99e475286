import { describe, expect, test } from 'vitest'
import { evaluate } from '../../../test/interpreter/evaluate.ts'
import { randomNumbers } from '../../../test/interpreter/values.ts'
import { dropout, KEY_SIZE, keepMask, MODULUS, randomIntegers } from './dropout.ts'
import { constant } from './leaf.ts'

const next = randomNumbers(5)
const randomKey = () => Array.from({ length: KEY_SIZE }, () => Math.floor(next() * MODULUS))

/** The numbers drawn for a step's key. */
function draw(shape: number[], key: number[], position = 0): Float64Array {
  const drawn = randomIntegers(shape, { key: constant(key, [KEY_SIZE]), position })
  return evaluate([drawn], {})[0]?.data ?? new Float64Array()
}

/** Correlation of two lists of numbers 0 .. MODULUS - 1. */
function correlation(a: Float64Array, b: Float64Array): number {
  const centered = (x: number) => x / (MODULUS - 1) - 0.5
  return a.reduce((sum, x, i) => sum + 12 * centered(x) * centered(b[i] ?? 0), 0) / a.length
}

test('the remainder is exact in float32, for all numbers that occur', () => {
  const f = Math.fround
  const factor = f(1 / MODULUS)
  const most = (2 * MODULUS - 2) ** 2 + MODULUS - 1
  expect(most).toBeLessThan(2 ** 24)
  let wrong = 0
  for (let z = 0; z <= most; z++)
    if (f(z - f(Math.floor(f(z * factor)) * MODULUS)) !== z % MODULUS) wrong++
  expect(wrong).toBe(0)
})

describe('the numbers are as if drawn by chance', () => {
  const [rows, columns] = [500, 400]
  const size = rows * columns
  const numbers = draw([rows, columns], randomKey())
  /** Four standard deviations of a share p of n draws. */
  const margin = (p: number, n: number) => 4 * Math.sqrt((p * (1 - p)) / n)
  const share = (values: Float64Array, p: number) =>
    values.filter((x) => x < p * MODULUS).length / values.length

  test('evenly spread', () => {
    expect(numbers.every((x) => Number.isInteger(x) && x >= 0 && x < MODULUS)).toBe(true)
    for (const p of [0.01, 0.1, 0.2, 0.5, 0.9])
      expect(Math.abs(share(numbers, p) - p)).toBeLessThan(margin(p, size))
  })

  test('in every row and column', () => {
    for (let row = 0; row < rows; row++) {
      const part = numbers.subarray(row * columns, (row + 1) * columns)
      expect(Math.abs(share(part, 0.5) - 0.5)).toBeLessThan(1.25 * margin(0.5, columns))
    }
    for (let column = 0; column < columns; column++) {
      const part = numbers.filter((_, i) => i % columns === column)
      expect(Math.abs(share(part, 0.5) - 0.5)).toBeLessThan(1.25 * margin(0.5, rows))
    }
  })

  test('in one element, over many keys', () => {
    const single = Float64Array.from({ length: 4000 }, () => draw([1], randomKey())[0] ?? -1)
    for (const p of [0.1, 0.5]) expect(Math.abs(share(single, p) - p)).toBeLessThan(margin(p, 4000))
  })

  test('independent of their neighbors, of other positions and of other steps', () => {
    const key = randomKey()
    const here = draw([rows, columns], key)
    const pairs = {
      right: [here, here.map((_, i) => here[(i + 1) % size] ?? 0)],
      below: [here, here.map((_, i) => here[(i + columns) % size] ?? 0)],
      position: [here, draw([rows, columns], key, 1)],
      step: [here, draw([rows, columns], randomKey())],
      'next key': [
        here,
        draw(
          [rows, columns],
          key.map((k) => (k + 1) % MODULUS),
        ),
      ],
    } as const
    for (const [a, b] of Object.values(pairs))
      expect(Math.abs(correlation(a, b))).toBeLessThan(4 / Math.sqrt(size))
  })

  test('no two of 20,000 rows drop the same', () => {
    const drops = draw([20_000, 64], randomKey()).map((x) => Number(x < MODULUS / 2))
    const lines = new Set<string>()
    for (let row = 0; row < 20_000; row++)
      lines.add(drops.subarray(row * 64, row * 64 + 64).join(''))
    expect(lines.size).toBeGreaterThan(19_980)
  })
})

describe('masks at rate 0.2 vary as independent draws do', () => {
  const [rows, columns] = [1000, 512]
  const threshold = Math.round(0.2 * MODULUS)
  const rate = threshold / MODULUS
  const variance = rate * (1 - rate)
  /** 1 where an element is dropped, less the rate. */
  const centered = (numbers: Float64Array) => numbers.map((x) => Number(x < threshold) - rate)
  const mask = centered(draw([rows, columns], randomKey()))
  const at = (row: number, column: number) => mask[row * columns + column] as number
  const range = (count: number) => Array.from({ length: count }, (_, i) => i)
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

  /** Variance of counts of `n` draws each, as a multiple of the binomial distribution's. */
  const spread = (counts: readonly number[], n: number) =>
    sum(counts.map((count) => count ** 2)) / counts.length / (n * variance)
  /** Four standard deviations of such a multiple. */
  const margin = (counts: number) => 4 * Math.sqrt(2 / counts)

  test('the number dropped in a row', () => {
    const counts = range(rows).map((row) => sum(range(columns).map((column) => at(row, column))))
    expect(Math.abs(spread(counts, columns) - 1)).toBeLessThan(margin(rows))
  })

  test('the number dropped in a column', () => {
    const counts = range(columns).map((column) => sum(range(rows).map((row) => at(row, column))))
    expect(Math.abs(spread(counts, rows) - 1)).toBeLessThan(margin(columns))
  })

  test('the number dropped in one row, from key to key', () => {
    const counts = range(400).map(() => sum([...centered(draw([1, columns], randomKey()))]))
    expect(Math.abs(spread(counts, columns) - 1)).toBeLessThan(margin(counts.length))
  })

  /** The largest correlation of two lines of `length` elements. */
  const closest = (lines: number, length: number, of: (line: number, i: number) => number) => {
    let largest = 0
    for (let a = 0; a < lines; a++)
      for (let b = 0; b < a; b++) {
        let product = 0
        for (let i = 0; i < length; i++) product += of(a, i) * of(b, i)
        largest = Math.max(largest, Math.abs(product))
      }
    return largest / length / variance
  }

  test('no two columns are more alike than by chance', () => {
    // Of 131,000 pairs the closest is at about 5 standard deviations, 0.16.
    expect(closest(columns, rows, (column, row) => at(row, column))).toBeLessThan(0.25)
  })

  test('no two rows are more alike than by chance', () => {
    // Of 125,000 pairs, 0.22.
    expect(closest(500, columns, at)).toBeLessThan(0.3)
  })

  test('four neighbors are independent, not only two', () => {
    let product = 0
    for (let row = 1; row < rows; row++)
      for (let column = 1; column < columns; column++)
        product +=
          at(row, column) * at(row - 1, column) * at(row, column - 1) * at(row - 1, column - 1)
    const count = (rows - 1) * (columns - 1)
    expect(Math.abs(product) / count / variance ** 2).toBeLessThan(4 / Math.sqrt(count))
  })

  test('keys that differ in one number are independent', () => {
    const key = randomKey()
    const shape = [100, columns]
    const here = centered(draw(shape, key))
    for (const changed of range(KEY_SIZE)) {
      const other = key.map((k, i) => (i === changed ? (k + 1) % MODULUS : k))
      const there = centered(draw(shape, other))
      const product = here.reduce((total, x, i) => total + x * (there[i] as number), 0)
      expect(Math.abs(product) / here.length / variance).toBeLessThan(4 / Math.sqrt(here.length))
    }
  })
})

test('a rate too small or too large for the draws drops some and keeps some', () => {
  const key = constant(randomKey(), [KEY_SIZE])
  for (const [rate, least, most] of [
    [1e-9, 0, 0.01],
    [0.9999999, 0.99, 1],
  ] as const) {
    const [y] = evaluate([dropout(constant(1, [200, 200]), rate, { key, position: 0 })], {})
    const values = Array.from(y?.data ?? [])
    expect(values.every(Number.isFinite)).toBe(true)
    const share = values.filter((x) => x === 0).length / values.length
    expect(share).toBeGreaterThan(least)
    expect(share).toBeLessThan(most)
  }
})

test('the same key and position draw the same', () => {
  const key = randomKey()
  expect(draw([3, 4], key, 7)).toEqual(draw([3, 4], key, 7))
})

test('what is kept is scaled so that the mean stays', () => {
  const key = constant(randomKey(), [KEY_SIZE])
  const [y] = evaluate([dropout(constant(1, [300, 300]), 0.1, { key, position: 2 })], {})
  const values = Array.from(y?.data ?? [])
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  expect(Math.abs(mean - 1)).toBeLessThan(0.006)
  const kept = 1 - Math.round(0.1 * MODULUS) / MODULUS
  expect(new Set(values.map((x) => Math.fround(x)))).toEqual(new Set([0, Math.fround(1 / kept)]))
})

test('a rate outside [0, 1) is refused; 0 leaves x as it is', () => {
  const x = constant([1, 2], [2])
  const random = { key: constant(0, [KEY_SIZE]), position: 0 }
  expect(dropout(x, 0, random)).toBe(x)
  for (const rate of [-0.1, 1, Number.NaN])
    expect(() => dropout(x, rate, random)).toThrow(`dropout: rate ${rate} is not in [0, 1)`)
  expect(() => keepMask(['batch', 2], 0.5, random)).toThrow('batch,2 is not a fixed shape')
})
