import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { defineExperiment } from './experiment.ts'
import { type RunOptions, runExperiment } from './run.ts'
import { differences, formatMean, meanOf, meansTable } from './summary.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-experiments-'))
  await mkdir(join(folder, 'data'))
  await writeFile(join(folder, 'data/number.txt'), Buffer.from('41\xe9', 'latin1'))
})
afterAll(() => rm(folder, { recursive: true }))

const ran: string[] = []
const sums = defineExperiment({
  name: 'sums',
  summary: 'Sums.',
  options: { add: z.number().default(1) },
  help: { add: 'what is added' },
  cells: ({ add }) => ({ plain: { add: 0 }, 'with more': { add, none: undefined } }),
  run: async ({ add }, { seed, read }) => {
    ran.push(`${add} ${seed}`)
    const sum = Number.parseInt(await read('number.txt', 'latin1'), 10) + add + seed
    if (sum > 100) throw new Error('too much')
    return { sum }
  },
  summarize: (results) => meansTable(results, { sum: ({ result }) => result.sum }),
})

const never = new AbortController().signal
const start = (options: Partial<RunOptions>, signal = never) => {
  ran.length = 0
  const out = join(folder, 'sums.json')
  const given = { seeds: '1,2', out, only: '', dataDir: join(folder, 'data'), add: 1, ...options }
  return runExperiment(sums, given, { signal, report: () => {} })
}
const written = async () => JSON.parse(await readFile(join(folder, 'sums.json'), 'utf8')).results

test('results are kept, and only what is missing or has changed is run', async () => {
  await start({ seeds: '1' })
  expect(ran).toEqual(['0 1', '1 1'])
  const results = await start({})
  expect(ran).toEqual(['0 2', '1 2'])
  expect(results.map(({ cell, seed, result }) => [cell, seed, result])).toEqual([
    ['plain', 1, { sum: 42 }],
    ['plain', 2, { sum: 43 }],
    ['with more', 1, { sum: 43 }],
    ['with more', 2, { sum: 44 }],
  ])
  expect(await written()).toEqual(results)
  expect(results[0]?.commit).toMatch(/^([0-9a-f]{7,}\+?|unknown)$/)
  expect(sums.summarize(results)).toBe(
    '| cell | sum | seeds |\n| --- | --- | --- |\n' +
      '| plain | 42.500 ± 6.353 | 2 |\n| with more | 43.500 ± 6.353 | 2 |',
  )
  await start({ add: 5 })
  expect(ran).toEqual(['5 1', '5 2'])
  await start({ add: 5, only: 'more', seeds: '1,2,3' })
  expect(ran).toEqual(['5 3'])
})

test('what was measured before a fault or an abort stays', async () => {
  await start({})
  const before = await written()
  await expect(start({ add: 1, seeds: '7,90' })).rejects.toThrow('too much')
  expect(await written()).toHaveLength(before.length + 2)
  await expect(start({ seeds: '5' }, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop')
  expect(ran).toEqual([])
})

test('what is missing or belongs to another is refused', async () => {
  const missing = start({ out: join(folder, 'new.json'), dataDir: join(folder, 'nowhere') })
  await expect(missing).rejects.toThrow(/nowhere.number\.txt.*--data-dir/)
  await expect(start({ only: 'less' })).rejects.toThrow('the cells are plain; with more')
  await writeFile(join(folder, 'other.json'), '{"experiment": "products", "results": []}')
  await expect(start({ out: join(folder, 'other.json') })).rejects.toThrow('no results of sums')
})

test('the interval of a mean is by Student’s t', () => {
  // t of 2 degrees of freedom is 4.303; the deviation of 1, 2, 3 is 1.
  expect(meanOf([1, 2, 3]).half).toBeCloseTo(4.303 / Math.sqrt(3), 3)
  expect(formatMean(meanOf([1, 2, 3]), 1)).toBe('2.0 ± 2.5')
  expect(formatMean(meanOf([5]), 1)).toBe('5.0')
})

test('differences are of the same seed', () => {
  const result = (seed: number, x: number) => ({
    cell: '',
    seed,
    settings: {},
    commit: '',
    seconds: 0,
    result: { x },
  })
  const some = [result(1, 5), result(2, 7), result(3, 1)]
  const others = [result(2, 4), result(1, 1)]
  expect(differences(some, others, (one) => one.result.x)).toEqual([4, 3])
})
