import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { median } from '../bench/row.ts'
import { Random } from '../src/random.ts'
import type { TrainOptions } from '../src/train/options.ts'
import type { TrainResult } from '../src/train/session.ts'
import { train } from '../src/train/train.ts'
import { shuffle } from './shuffle.ts'

const DATA = new URL('../../shared/data/', import.meta.url)
/** Three seeds and whole trainings, instead of one and the shortest that shows it. */
const LONG = Boolean(process.env.CHECK_LONG)
const SEEDS = LONG ? [1, 2, 3] : [1]

const folder = await mkdtemp(join(tmpdir(), 'chatwright-learning-'))
afterAll(() => rm(folder, { recursive: true }))

const jsonl = async (name: string, records: readonly object[]) => {
  const path = join(folder, `${name}.jsonl`)
  await writeFile(path, records.map((record) => JSON.stringify(record)).join('\n'))
  return path
}

/** The median over the seeds of what `measure` takes from the results. */
async function learned(
  name: string,
  options: Omit<TrainOptions, 'out'>,
  measure: (result: TrainResult) => number | undefined,
): Promise<number> {
  const found: number[] = []
  for (const seed of SEEDS) {
    const out = join(folder, `${name}-${seed}`)
    found.push(measure(await train({ ...options, out, seed, threads: 2 })) ?? Number.NaN)
    await rm(out, { recursive: true })
  }
  console.log(`${name}: ${found.map((value) => value.toFixed(4)).join(' ')}`)
  return median(found)
}

describe('an encoder-decoder learns rules, not examples', () => {
  const random = new Random(7)
  const letter = () => String.fromCharCode(97 + random.integer(26))
  const letters = (length: number) => Array.from({ length }, letter).join('')
  const word = () => letters(1 + random.integer(8))
  const ordered = Array.from({ length: 10_000 }, (_, i) => [Math.floor(i / 100), i % 100] as const)
  const pairs = shuffle(ordered, random)
  const words = [...new Set(Array.from({ length: 20_000 }, word))].slice(0, 12_000)
  const tasks = {
    'sequence reversal': words.map((source) => {
      return { source, target: [...source].reverse().join('') }
    }),
    'two-digit addition': pairs.map(([a, b]) => ({ source: `${a}+${b}`, target: `${a + b}` })),
    // Without the other, a source has half of the letters.
    'interleaving of two sources': Array.from({ length: 10_000 }, () => {
      const [first, second] = [letters(4), letters(4)]
      const target = [...first].map((letter, i) => `${letter}${second[i]}`).join('')
      return { sources: [`1${first}`, `2${second}`], target }
    }),
  }
  // One shows that learning works; the others are longer checks.
  test.each(Object.entries(tasks).slice(0, LONG ? 3 : 1))(
    '%s: 99 % of what was held out is exact',
    { timeout: 1_800_000 },
    async (name, records) => {
      const data = [await jsonl(name, records)]
      const sizes = { layers: 2, dim: 64, heads: 4, context: 12, batch: 64 }
      const length = { steps: 2000, lr: 2e-3, beta2: 0.98, evalEvery: 2000 }
      const options = { data, tokenizer: 'char', ...sizes, ...length } as const
      const exact = await learned(
        name,
        { ...options, task: 'seq2seq', architecture: 'transformer' },
        ({ metrics }) => metrics?.exactMatch,
      )
      expect(exact).toBeGreaterThanOrEqual(0.99)
    },
  )
})

const read = (path: string) => readFile(new URL(path, DATA), 'utf8')

test('sentiment of SST-2, from nothing', { timeout: 3_600_000 }, async () => {
  const records = async (part: string) => {
    const lines = (await read(`tasks/sst2/${part}.tsv`)).trim().split('\n').slice(1)
    return lines.map((line) => {
      const [text = '', label] = line.split('\t')
      return { text: text.trim(), label: label?.trim() === '1' ? 'positive' : 'negative' }
    })
  }
  const accuracy = await learned(
    'sentiment',
    {
      task: 'classify',
      architecture: 'bert',
      tokenizer: 'bpe',
      vocab: 8192,
      dropout: 0.1,
      data: [await jsonl('sst2-train', await records('train'))],
      val: [await jsonl('sst2-test', await records('test'))],
      layers: 2,
      dim: 128,
      heads: 4,
      context: 64,
      batch: 32,
      lr: 1e-3,
      ...(LONG ? { steps: 4000, evalEvery: 4000 } : { steps: 400, evalEvery: 400 }),
    },
    ({ metrics }) => metrics?.accuracy,
  )
  // The more frequent label alone is right for 0.51 of them.
  expect(accuracy).toBeGreaterThan(LONG ? 0.79 : 0.65)
})

test('hidden tokens of WikiText-2: the loss falls', { timeout: 3_600_000 }, async () => {
  const losses: number[] = []
  const text = join(folder, 'wikitext.txt')
  await writeFile(text, await read('text/wikitext2-train-part.txt'))
  const out = join(folder, 'wikitext')
  const { loss } = await train(
    {
      task: 'mlm',
      architecture: 'bert',
      data: [text],
      out,
      tokenizer: 'bpe',
      vocab: 2048,
      layers: 2,
      dim: 128,
      heads: 4,
      context: 64,
      batch: 32,
      lr: 1e-3,
      threads: 2,
      ...(LONG ? { steps: 4000, evalEvery: 400 } : { steps: 200, evalEvery: 50 }),
    },
    { onMetrics: ({ validationLoss }) => validationLoss && losses.push(validationLoss) },
  )
  console.log(
    `hidden tokens: ${losses.map((loss) => loss.toFixed(3)).join(' ')}, in the end ${loss}`,
  )
  for (const [i, later] of losses.slice(1).entries())
    expect(later).toBeLessThan(losses[i] as number)
  expect(loss).toBeLessThan(LONG ? 6 : 6.6)
})
