import { expect, test } from 'vitest'
import { solutions, writeBenchmarks } from '../../../test/tiny-benchmarks.ts'
import { useTraining } from '../../../test/tiny-training.ts'
import { evaluateBenchmarks } from './evaluate-benchmarks.ts'
import { BENCHMARK_NAMES } from './index.ts'

const { path, learn } = useTraining()

test('a model that has learned the answers scores 1 on every benchmark', async () => {
  await writeBenchmarks(path('tasks'))
  const names = BENCHMARK_NAMES.filter((name) => name !== 'wikitext')
  const texts = await Promise.all(names.map((name) => solutions(name, path('tasks'))))
  const records = texts.flat().map((text) => ({ text }))
  const sizes = { layers: 2, dim: 64, heads: 4, context: 240, batch: 8, steps: 400, lr: 4e-3 }
  await learn('knows', records, { ...sizes, documents: 'whole', val: 0, seed: 1 })
  const runs = await evaluateBenchmarks({
    model: path('knows'),
    benchmark: [...names],
    benchmarkDir: path('tasks'),
    fewShot: 0,
  })
  const scores = runs.map(({ name, metrics }) => {
    const { accuracy, exactMatch } = metrics
    return [name, (accuracy ?? exactMatch)?.value]
  })
  expect(scores).toEqual(names.map((name) => [name, 1]))
}, 600_000)
