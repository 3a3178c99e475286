import { expect, test } from 'vitest'
import { calibrationBins, calibrationError } from './calibration.ts'
import { shareEstimate } from './intervals.ts'
import type { Item } from './item.ts'
import { rocAuc } from './ranking.ts'
import { briefNumbers, summarize } from './summarize.ts'

const labeled = (rows: readonly (readonly [said: string, is: string, p: number])[]): Item[] =>
  rows.map(([predicted, expected, p], i) => ({
    id: String(i + 1),
    predicted,
    expected,
    scores: { correct: Number(predicted === expected) },
    probabilities: { good: p, bad: 1 - p },
  }))

test('labels: metrics with intervals, classes, confusion and calibration', () => {
  const items = labeled([
    ['good', 'good', 0.9],
    ['good', 'bad', 0.6],
    ['bad', 'bad', 0.2],
    ['bad', 'good', 0.4],
    ['good', 'good', 0.8],
  ])
  const { metrics, classes, confusion, calibration } = summarize(items, ['labels', 'probabilities'])
  expect(metrics.accuracy).toEqual({
    value: 0.6,
    low: expect.closeTo(0.2307, 4),
    high: expect.closeTo(0.8824, 4),
  })
  expect(metrics.f1?.value).toBeCloseTo((2 / 3 + 1 / 2) / 2, 12)
  // Of six pairs of a good and a bad text, one is in the wrong order.
  expect(metrics.rocAuc?.value).toBeCloseTo(5 / 6, 12)
  const loss = -(Math.log(0.9) + Math.log(0.4) + Math.log(0.8) + Math.log(0.4) + Math.log(0.8)) / 5
  expect(metrics.logLoss?.value).toBeCloseTo(loss, 12)
  expect(confusion).toEqual({
    labels: ['bad', 'good'],
    counts: [
      [1, 1],
      [1, 2],
    ],
  })
  expect(classes?.map(({ label, count, recall }) => [label, count, recall?.value])).toEqual([
    ['bad', 2, 1 / 2],
    ['good', 3, 2 / 3],
  ])
  expect(calibration?.reduce((sum, { count }) => sum + count, 0)).toBe(5)
  expect(briefNumbers(items, ['labels'])).toEqual({
    accuracy: metrics.accuracy?.value,
    f1: metrics.f1?.value,
  })
})

test('tags: intervals are of sentences, and a missing tag is of no class', () => {
  const items: Item[] = [
    { id: '1', expected: ['N', 'V', 'N'], predicted: ['N', 'V', ''], scores: { correct: 2 } },
    { id: '2', expected: ['V'], predicted: ['N'], scores: { correct: 0 } },
  ]
  const { metrics, classes, confusion } = summarize(items, ['labels'])
  // Two sentences: the bounds are those of each alone.
  expect(metrics.accuracy).toEqual({ value: 2 / 4, low: 0, high: expect.closeTo(2 / 3, 12) })
  expect(classes?.map(({ label, recall }) => [label, recall])).toEqual([
    ['N', { value: 1 / 2, low: 1 / 2, high: 1 / 2 }],
    ['V', { value: 1 / 2, low: 0, high: 1 }],
  ])
  expect(confusion?.counts).toEqual([
    [1, 0],
    [1, 1],
  ])
})

test('a mean of numbers that happen to be 0 or 1 is no proportion', () => {
  const items = [0, 1, 1, 1].map((margin, i) => {
    return { id: String(i + 1), scores: { correct: margin, margin } }
  })
  const { metrics } = summarize(items, ['preferences'])
  // Student's: 0.75 +- 3.1824 * 0.5 / 2.
  expect(metrics.margin?.high).toBeCloseTo(1.5456, 4)
  expect(metrics.accuracy).toEqual(shareEstimate(3, 4))
})

test('one class alone has no area under the curve, and it is left out', () => {
  const { metrics } = summarize(labeled([['good', 'good', 0.9]]), ['probabilities'])
  expect(Object.keys(metrics)).toEqual(['logLoss', 'calibrationError'])
})

test('ties count half in the area under the curve, as every pair shows', () => {
  const scores = [0.1, 0.4, 0.4, 0.4, 0.8, 0.9, 0.9]
  const positive = [false, true, false, true, false, true, false]
  let [area, pairs] = [0, 0]
  for (const [i, a] of scores.entries())
    for (const [j, b] of scores.entries())
      if (positive[i] && !positive[j]) {
        pairs++
        area += a > b ? 1 : a === b ? 0.5 : 0
      }
  const auc = rocAuc(scores, (i) => positive[i] as boolean)
  expect(auc([1, 1, 1, 1, 1, 1, 1])).toBeCloseTo(area / pairs, 12)
  // Weights stand for copies: an example of weight 2, and another of weight 0.
  const copies = [0, 0, 1, 3, 4, 5, 6]
  const copied = rocAuc(
    copies.map((i) => scores[i] as number),
    (i) => positive[copies[i] as number] as boolean,
  )
  expect(auc([2, 1, 0, 1, 1, 1, 1])).toBe(copied(copies.map(() => 1)))
  expect(auc([1, 0, 1, 0, 1, 0, 1])).toBeUndefined()
})

test('confidence that is an edge belongs to the bin below', () => {
  const bins = calibrationBins([0.2, 0.21, 0.4, 1], [1, 0, 1, 1], { bins: 5 })
  expect(bins.map(({ count }) => count)).toEqual([1, 2, 0, 0, 1])
  expect(calibrationError(bins)).toBeCloseTo((0.8 + 2 * Math.abs(0.5 - 0.305) + 0) / 4, 12)
})

test('perplexity is of all text together, by token, word and byte', () => {
  const items: Item[] = [
    { id: '1', scores: { loss: 6, tokens: 3, words: 2, bytes: 12 } },
    { id: '2', scores: { loss: 2, tokens: 5, words: 2, bytes: 20 } },
  ]
  const { metrics } = summarize(items, ['perplexity', 'documents'])
  expect(metrics.loss).toEqual({ value: 1, low: expect.closeTo(0.4, 12), high: 2 })
  expect(metrics.perplexity?.value).toBeCloseTo(Math.E, 12)
  expect(metrics.wordPerplexity?.value).toBeCloseTo(Math.exp(2), 12)
  expect(metrics.bitsPerByte?.value).toBeCloseTo(8 / 32 / Math.LN2, 12)
  expect(metrics.bytePerplexity?.value).toBeCloseTo(Math.exp(8 / 32), 12)
  expect(metrics.lossPerDocument?.value).toBe(4)
})

test('texts that were not written do not count among the written ones', () => {
  const items: Item[] = [
    { id: '1', expected: '46', predicted: '46', scores: { correct: 1, loss: 1, tokens: 2 } },
    { id: '2', scores: { loss: 3, tokens: 2 } },
  ]
  const { metrics } = summarize(items, ['loss', 'answers'])
  expect([metrics.exactMatch?.value, metrics.loss?.value]).toEqual([1, 1])
  expect(metrics.bleu?.value).toBe(0)
  expect(metrics.chrf?.value).toBe(100)
})
