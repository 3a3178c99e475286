import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { bootstrap, type ItemWeights } from '../src/metrics/bootstrap.ts'
import {
  accuracy,
  balancedAccuracy,
  codeLabels,
  confusionMatrix,
  countLabels,
  f1,
  matthewsCorrelation,
  precision,
  recall,
} from '../src/metrics/classification.ts'
import { chiSquaredAbove } from '../src/metrics/distributions.ts'
import { meanEstimate, shareEstimate } from '../src/metrics/intervals.ts'
import type { Item } from '../src/metrics/item.ts'
import { mcNemar } from '../src/metrics/paired.ts'
import { summarize } from '../src/metrics/summarize.ts'
import { Random } from '../src/random.ts'

const script = fileURLToPath(new URL('metrics-oracle.py', import.meta.url))

/** The first Python that has scikit-learn: Debian's is not always the first of the path. */
const python = ['python3', '/usr/bin/python3'].find((name) => {
  try {
    execFileSync(name, ['-c', 'import sklearn, scipy'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

function ask<T>(cases: readonly object[]): T[] {
  if (!python) throw new Error('install scikit-learn (Debian: python3-sklearn) to compare with it')
  const input = JSON.stringify(cases)
  return JSON.parse(execFileSync(python, [script], { input, maxBuffer: 2 ** 28 }).toString())
}

const check = test.skipIf(!python && !process.env.CI)

const random = new Random(5)
const close = (found: number | undefined, expected: number, digits = 12) =>
  expect(found).toBeCloseTo(expected, digits)

check(
  'scores of labels are those of scikit-learn, with labels that are missing on either side',
  () => {
    const cases = [2, 3, 7].flatMap((labels) =>
      [1, 5, 40, 500].map((count) => {
        const label = (most: number) => `label ${random.integer(most)}`
        const actual = Array.from({ length: count }, () => label(labels))
        const predicted = actual.map((one) => (random.uniform() < 0.6 ? one : label(labels + 1)))
        return { kind: 'classification', actual, predicted }
      }),
    )
    const alone = { kind: 'classification', actual: ['a', 'a'], predicted: ['a', 'a'] }
    const all = [...cases, alone]
    for (const [i, expected] of ask<Record<string, number | number[]>>(all).entries()) {
      const { actual, predicted } = all[i] as (typeof cases)[number]
      const coded = codeLabels(actual.map((label, j) => [predicted[j], label] as const))
      const counts = countLabels(coded)
      close(accuracy(counts), expected.accuracy as number)
      close(balancedAccuracy(counts), expected.balancedAccuracy as number)
      close(matthewsCorrelation(counts), expected.mcc as number)
      for (const [name, score] of Object.entries({ precision, recall, f1 }))
        for (const average of ['micro', 'macro', 'weighted'] as const)
          close(score(counts, average), expected[`${name} ${average}`] as number)
      const order = [...coded.labels].sort().map((label) => coded.labels.indexOf(label))
      const matrix = confusionMatrix(coded)
      expect(order.map((row) => order.map((column) => matrix[row]?.[column]))).toEqual(
        expected.confusion,
      )
      const items = actual.map((label, j): Item => {
        return { id: String(j), expected: label, predicted: predicted[j], scores: {} }
      })
      const { classes = [] } = summarize(items, ['labels'])
      for (const [j, value] of (expected['f1 classes'] as number[]).entries())
        close(classes[j]?.f1.value, value)
      for (const [j, value] of (expected['recall classes'] as number[]).entries())
        close(classes[j]?.recall?.value ?? 0, value)
    }
  },
)

check(
  'areas under ROC curves and log losses are those of scikit-learn, with ties and classes missing',
  () => {
    const cases = [2, 3, 5].flatMap((width) =>
      [1, 6, 60, 400].map((count) => {
        const labels = Array.from({ length: width }, (_, i) => `label ${i}`)
        const probabilities = Array.from({ length: count }, () => {
          // Few different values, so that there are ties.
          const parts = labels.map(() => 1 + random.integer(4))
          const all = parts.reduce((a, b) => a + b)
          return parts.map((part) => part / all)
        })
        const draw = () => probabilities.map(() => labels[random.integer(width)] as string)
        const [actual, predicted] = [draw(), draw()]
        return { kind: 'probabilities', labels, probabilities, actual, predicted }
      }),
    )
    for (const [i, expected] of ask<Record<string, number>>(cases).entries()) {
      const { labels, probabilities, actual, predicted } = cases[i] as (typeof cases)[number]
      const items = actual.map((label, j): Item => {
        const own = Object.fromEntries(labels.map((name, k) => [name, probabilities[j]?.[k] ?? 0]))
        const answers = { expected: label, predicted: predicted[j] }
        return { id: String(j), ...answers, scores: {}, probabilities: own }
      })
      const { metrics } = summarize(items, ['probabilities'])
      close(metrics.logLoss?.value, expected.logLoss as number)
      close(metrics.calibrationError?.value, expected.calibrationError as number)
      if (expected.rocAuc === undefined) expect(metrics.rocAuc).toBeUndefined()
      else close(metrics.rocAuc?.value, expected.rocAuc)
      if (expected['rocAuc of all'] !== undefined)
        close(metrics.rocAuc?.value, expected['rocAuc of all'])
    }
  },
)

check('errors and correlations of numbers', () => {
  const cases = [2, 10, 300].map((count) => {
    const actual = Array.from({ length: count }, () => random.normal())
    return { kind: 'numbers', actual, estimates: actual.map((x) => x / 2 + random.normal()) }
  })
  for (const [i, expected] of ask<Record<string, number>>(cases).entries()) {
    const { actual, estimates } = cases[i] as (typeof cases)[number]
    const items = actual.map((value, j): Item => {
      return { id: String(j), scores: { actual: value, estimate: estimates[j] as number } }
    })
    const { metrics } = summarize(items, ['numbers'])
    for (const [name, value] of Object.entries(expected)) close(metrics[name]?.value, value, 10)
  }
})

const skewness = (values: readonly number[]) => (weights: ItemWeights) => {
  let [count, mean, squares, cubes] = [0, 0, 0, 0]
  for (const [i, x] of values.entries()) {
    count += weights[i] as number
    mean += x * (weights[i] as number)
  }
  mean /= count
  for (const [i, x] of values.entries()) {
    squares += (weights[i] as number) * (x - mean) ** 2
    cubes += (weights[i] as number) * (x - mean) ** 3
  }
  return { mean, skewness: cubes / count / (squares / count) ** 1.5 }
}

check('intervals and tests are those of SciPy', () => {
  const cases = [8, 50, 300].map((count) => {
    const values = Array.from({ length: count }, () => random.normal() ** 2)
    return { kind: 'intervals', values, hits: random.integer(count), count }
  })
  type Found = Record<'wilson' | 'student' | 'bootstrap' | 'skewness', [number, number]> &
    Record<'binomial' | 'chiSquared', number>
  for (const [i, expected] of ask<Found>(cases).entries()) {
    const { values, hits, count } = cases[i] as (typeof cases)[number]
    const share = shareEstimate(hits, count)
    close(share.low, expected.wilson[0], 10)
    close(share.high, expected.wilson[1], 10)
    const mean = meanEstimate(values)
    // Debian's SciPy 1.10 has Student's quantiles to 9 digits only.
    close(mean.low, expected.student[0], 7)
    close(mean.high, expected.student[1], 7)
    close(mcNemar(hits, count - hits), expected.binomial, 10)
    close(chiSquaredAbove((Math.abs(2 * hits - count) - 1) ** 2 / count), expected.chiSquared, 12)
    // Other random numbers: the bounds agree to a tenth of the interval's width.
    const drawn = bootstrap(skewness(values), count, { resamples: 9999 })
    for (const [found, [low, high]] of [
      [drawn.mean, expected.bootstrap],
      [drawn.skewness, expected.skewness],
    ] as const) {
      expect(Math.abs((found?.low as number) - low)).toBeLessThan((high - low) / 10)
      expect(Math.abs((found?.high as number) - high)).toBeLessThan((high - low) / 10)
    }
  }
})
