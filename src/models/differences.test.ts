import { expect, it } from 'vitest'
import { differences } from './differences.ts'

it('names what differs, by its path', () => {
  const a = { layers: 2, experts: { count: 4, balance: 0.1 }, windowed: [true, false] }
  expect(differences(a, structuredClone(a))).toEqual([])
  const b = { layers: 3, experts: { count: 5, balance: 0.2 }, windowed: [true, true], tied: true }
  const ignore = new Set(['balance'])
  expect(differences(a, b, { ignore })).toEqual(['layers', 'experts.count', 'windowed.1', 'tied'])
})

it('takes a missing field for an undefined one, and close numbers for equal', () => {
  expect(differences({ window: undefined }, {})).toEqual([])
  expect(differences({ x: 1 }, { x: 1 + 1e-12 })).toEqual([])
  expect(differences({ x: 1 }, { x: 1 + 1e-7 })).toEqual(['x'])
  expect(differences({ x: 1 }, { x: 1 + 1e-7 }, { tolerance: 1e-6 })).toEqual([])
  expect(differences({ x: 1 }, { x: Number.NaN })).toEqual(['x'])
})
