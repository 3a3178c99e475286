import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { median } from '../bench/row.ts'
import { Random } from '../src/random.ts'
import { train } from '../src/train/train.ts'
import type { TuneOptions } from '../src/tune/options.ts'
import { tune } from '../src/tune/tune.ts'
import { shuffle } from './shuffle.ts'

const CHAT = new URL('../../shared/data/chat/', import.meta.url)
const INSTRUCTIONS = fileURLToPath(new URL('instruction-data.json', CHAT))

interface Instruction {
  instruction: string
  input: string
  output: string
}

const read = async (name: string): Promise<string[]> => {
  const records: Instruction[] = JSON.parse(await readFile(new URL(name, CHAT), 'utf8'))
  return records.map(({ instruction, input, output }) =>
    [instruction, input, output].filter((text) => text !== '').join('\n'),
  )
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-lora-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Of 1100 instructions the last tenth is what tuning is measured on; no model sees them before. */
const LEARNED = 990

/**
 * A base that has read the instructions that are tuned on, and others, as plain text: what is left
 * to learn is to answer. It does not know the template's tokens.
 */
async function trainBase(out: string): Promise<void> {
  const others = (await read('alpaca_data_en_52002.json')).filter((text) => text.length < 300)
  const own = (await read('instruction-data.json')).slice(0, LEARNED)
  const repeated = Array.from({ length: 8 }, () => own).flat()
  const texts = shuffle([...others.slice(0, 5000), ...repeated], new Random(1))
  const file = join(folder, 'texts.txt')
  await writeFile(file, texts.join('\n\n'))
  await train({
    data: [file],
    val: 0.01,
    out,
    tokenizer: 'bpe',
    vocab: 3072,
    architecture: 'llama',
    layers: 4,
    dim: 128,
    heads: 4,
    context: 128,
    threads: 2,
    batch: 32,
    steps: 300,
    lr: 4e-3,
    evalEvery: 300,
  })
}

const name = 'an adapter of under 2 % of the parameters tunes a model to within 2 % of the loss'
test(name, { timeout: 1_200_000 }, async () => {
  const model = join(folder, 'base')
  await trainBase(model)
  const tuned = async (name: string, seed: number, options: Partial<TuneOptions>) => {
    const { loss, parameters } = await tune({
      model,
      data: [INSTRUCTIONS],
      val: 0.1,
      out: join(folder, `${name}-${seed}`),
      seed,
      batch: 8,
      epochs: 3,
      evalEvery: 10_000,
      weightDecay: 0,
      threads: 2,
      ...options,
    })
    return { loss: loss as number, parameters }
  }
  const untuned = await tuned('untuned', 1, {
    adapter: 'lora',
    epochs: undefined,
    steps: 1,
    lr: 1e-9,
  })
  const whole: Awaited<ReturnType<typeof tuned>>[] = []
  const adapters: typeof whole = []
  for (const seed of process.env.CHECK_LONG ? [1, 2, 3] : [1]) {
    // Each at the rate that was best for it of those tried, a factor of two apart.
    whole.push(await tuned('whole', seed, { lr: 2.5e-4 }))
    adapters.push(await tuned('lora', seed, { adapter: 'lora', rank: 3, lr: 5e-3 }))
  }
  const losses = [whole, adapters].map((runs) => runs.map(({ loss }) => loss))
  const [full = 0, lora = 0] = losses.map(median)
  const share = (adapters[0]?.parameters ?? 1) / (whole[0]?.parameters ?? 1)
  const shown = losses.map((all) => all.map((loss) => loss.toFixed(4)).join(' '))
  console.log(
    `validation losses: untuned ${untuned.loss.toFixed(4)}; whole ${shown[0]}; ` +
      `LoRA ${shown[1]}, ${(lora / full).toFixed(4)} times that, ` +
      `with ${(100 * share).toFixed(2)} % of the parameters`,
  )
  expect(share).toBeLessThan(0.02)
  expect(full).toBeLessThan(0.8 * untuned.loss)
  expect(lora).toBeLessThan(1.02 * full)
})
