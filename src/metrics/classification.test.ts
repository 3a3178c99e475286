import { expect, test } from 'vitest'
import { accuracy, macroF1 } from './classification.ts'

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
