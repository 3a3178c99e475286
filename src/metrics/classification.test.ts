import { expect, test } from 'vitest'
import {
  accuracy,
  balancedAccuracy,
  codeLabels,
  confusionMatrix,
  countLabels,
  f1,
  type LabelPairs,
  matthewsCorrelation,
  precision,
  recall,
  sortedLabels,
} from './classification.ts'

const countsOf = (pairs: LabelPairs) => countLabels(codeLabels(pairs))

test('scores of labels, counted by hand', () => {
  const pairs = [
    ['a', 'a'],
    ['a', 'a'],
    ['b', 'a'],
    ['b', 'b'],
    ['c', 'b'],
    [undefined, 'c'],
  ] as const
  const counts = countsOf(pairs)
  expect(accuracy(counts)).toBeCloseTo(3 / 6, 12)
  expect(balancedAccuracy(counts)).toBeCloseTo((2 / 3 + 1 / 2 + 0) / 3, 12)
  // a: 2 hits, 1 missed; b: 1 hit, 1 missed, 1 wrong; c: no hit.
  expect(f1(counts)).toBeCloseTo((4 / 5 + 2 / 4 + 0) / 3, 12)
  expect(f1(counts, 'weighted')).toBeCloseTo((3 * (4 / 5) + 2 * (2 / 4)) / 6, 12)
  // Five predictions, of which three are right, for six examples.
  expect(f1(counts, 'micro')).toBeCloseTo(6 / 11, 12)
  expect(precision(counts)).toBeCloseTo((1 + 1 / 2 + 0) / 3, 12)
  expect(precision(counts, 'micro')).toBeCloseTo(3 / 5, 12)
  expect(recall(counts)).toBeCloseTo((2 / 3 + 1 / 2 + 0) / 3, 12)
  expect(confusionMatrix(codeLabels(pairs))).toEqual([
    [2, 1, 0],
    [0, 1, 1],
    [0, 0, 0],
  ])
})

test('labels that are only predicted count in means, as in scikit-learn', () => {
  // f1_score(['a', 'b'], ['a', 'a'], average='macro'): a: 2 / 3, b: 0.
  const counts = countsOf([
    ['a', 'a'],
    ['a', 'b'],
    ['c', 'b'],
  ])
  expect(f1(counts)).toBeCloseTo((2 / 3 + 0 + 0) / 3, 12)
  // balanced_accuracy_score is of true labels alone.
  expect(balancedAccuracy(counts)).toBeCloseTo((1 + 0) / 2, 12)
})

test('the correlation of labels is 1 if all are right, and 0 if one is always predicted', () => {
  const right = ['a', 'b', 'c', 'a'].map((label) => [label, label] as const)
  expect(matthewsCorrelation(countsOf(right))).toBeCloseTo(1, 12)
  const constant = ['a', 'b', 'c', 'a'].map((label) => ['a', label] as const)
  expect(matthewsCorrelation(countsOf(constant))).toBe(0)
  // matthews_corrcoef([1, 1, 1, 0], [1, 0, 1, 1]) = -1 / 3.
  const pairs = [
    ['1', '1'],
    ['0', '1'],
    ['1', '1'],
    ['1', '0'],
  ] as const
  expect(matthewsCorrelation(countsOf(pairs))).toBeCloseTo(-1 / 3, 12)
})

test('without examples there are no scores', () => {
  for (const score of [accuracy, balancedAccuracy, f1, precision, recall, matthewsCorrelation])
    expect(score(countsOf([]))).toBeUndefined()
})

test('an example that counts twice is as two, and one that counts 0 times is not there', () => {
  const pairs = [
    ['a', 'a'],
    ['b', 'a'],
    ['b', 'b'],
    ['a', 'b'],
  ] as const
  const weighted = countLabels(codeLabels(pairs), [2, 1, 0, 1])
  const [first, second, , last] = pairs
  const repeated = countsOf([first, first, second, last])
  for (const score of [accuracy, balancedAccuracy, f1, precision, recall, matthewsCorrelation])
    expect(score(weighted)).toBeCloseTo(score(repeated) as number, 12)
})

test('labels are sorted as numbers where all are numbers', () => {
  expect(sortedLabels(['10', '2', '10'])).toEqual(['2', '10'])
  expect(sortedLabels(['好', 'b', 'a'])).toEqual(['a', 'b', '好'])
})
