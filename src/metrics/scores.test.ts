import { expect, test } from 'vitest'
import { accuracy, correlation, macroF1, meanAbsoluteError } from './scores.ts'

test('accuracy and F1, counted by hand', () => {
  const pairs = [
    ['a', 'a'],
    ['a', 'a'],
    ['b', 'a'],
    ['b', 'b'],
    ['c', 'b'],
    [undefined, 'c'],
  ] as const
  expect(accuracy(pairs)).toBeCloseTo(3 / 6, 12)
  // a: 2 hits, 1 missed; b: 1 hit, 1 missed, 1 wrong; c: no hit.
  expect(macroF1(pairs)).toBeCloseTo((4 / 5 + 2 / 4 + 0) / 3, 12)
})

test('labels that are only predicted count too, as in scikit-learn', () => {
  // f1_score(['a', 'a'], ['a', 'b'], average='macro'): a: 2 / 3, b: 0.
  expect(
    macroF1([
      ['a', 'a'],
      ['b', 'a'],
    ]),
  ).toBeCloseTo(1 / 3, 12)
})

test('distances and correlation of numbers', () => {
  const pairs = [
    [1, 2],
    [2, 4],
    [3, 6],
  ] as const
  expect(meanAbsoluteError(pairs)).toBeCloseTo(2, 12)
  expect(correlation(pairs)).toBeCloseTo(1, 12)
  expect(correlation(pairs.map(([a, b]) => [a, -b] as const))).toBeCloseTo(-1, 12)
})
