import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { saveModel } from '../src/checkpoint/save.ts'
import { Decoder } from '../src/models/decoder.ts'
import { gpt2Config } from '../src/models/decoder-config.ts'
import { Random } from '../src/random.ts'
import { openEngine } from '../src/runtime/open.ts'
import { trainCharTokenizer } from '../src/text/char.ts'
import { tune } from '../src/tune/tune.ts'
import { randomWeights } from './decode-task.ts'
import { type BenchOptions, type Row, row } from './row.ts'
import { timed } from './timed-engine.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789.'
const PROMPTS = 64
const PROMPT_TOKENS = 32
/** Steps before the timed ones. */
const WARMUP = 2

export interface GrpoSizes {
  layers: number
  heads: number
  dim: number
  /** Completions of a step, and tokens of each at most. */
  batch: number
  maxTokens: number
}

/** 10.7 million parameters. */
export const GRPO_SIZES: GrpoSizes = { layers: 6, heads: 6, dim: 384, batch: 64, maxTokens: 64 }

/**
 * Where the time of a GRPO step goes: the share that is spent inside of engine runs, and how much
 * of it decodes, differentiates and updates. A model with random weights is rewarded for the letter
 * e, so that every group has a signal and completions have all lengths.
 */
export async function benchGrpo({
  threads,
  rounds = 5,
  report = () => {},
  sizes = GRPO_SIZES,
}: BenchOptions & { sizes?: GrpoSizes }): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'chatwright-bench-'))
  const own = await openEngine({ engine: 'cpu', threads })
  const { engine, times } = timed(own)
  try {
    await writeModel(join(folder, 'model'), sizes)
    const random = new Random(1)
    const prompt = () =>
      Array.from({ length: PROMPT_TOKENS }, () => ALPHABET[random.integer(ALPHABET.length)]).join(
        '',
      )
    const lines = Array.from({ length: PROMPTS }, () => JSON.stringify({ prompt: prompt() }))
    await writeFile(join(folder, 'prompts.jsonl'), lines.join('\n'))
    let started = 0
    let before = new Map<string, number>()
    let after = before
    let any = 0
    const { batch, maxTokens } = sizes
    await tune(
      {
        method: 'grpo',
        model: join(folder, 'model'),
        data: [join(folder, 'prompts.jsonl')],
        val: 0,
        out: join(folder, 'tuned'),
        reward: [(_, completion) => completion.split('e').length],
        batch,
        maxTokens,
        steps: WARMUP + rounds,
        lr: 1e-6,
      },
      {
        engine,
        onMetrics: ({ step, loss }) => {
          if (loss === undefined) return
          if (step === WARMUP) {
            started = performance.now()
            before = new Map(times.byLabel)
            any = times.any
          }
          report(`step ${step} of ${WARMUP + rounds}`)
          if (step < WARMUP + rounds) return
          started = performance.now() - started
          any = times.any - any
          // What follows the last step, such as saving, is not of one.
          after = new Map(times.byLabel)
        },
      },
    )
    const rows = [
      row({ name: 'time of a step', ours: started / rounds, unit: 'ms', better: 'lower' }),
      row({
        name: 'inside of engine runs',
        ours: (100 * any) / started,
        unit: '%',
        better: 'higher',
      }),
    ]
    for (const [label, time] of after) {
      const each = (time - (before.get(label) ?? 0)) / rounds
      if (each > 0) rows.push(row({ name: label, ours: each, unit: 'ms', better: 'lower' }))
    }
    return rows
  } finally {
    await own.dispose()
    await rm(folder, { recursive: true })
  }
}

async function writeModel(folder: string, { layers, heads, dim }: GrpoSizes): Promise<void> {
  const tokenizer = await trainCharTokenizer([ALPHABET])
  const config = gpt2Config({ layers, heads, dim, context: 256, vocabSize: tokenizer.vocabSize })
  const model = new Decoder(config)
  const weights = randomWeights(model, new Random(2))
  const values = {
    tensor: (name: string) => ({ read: async () => weights[name] as Float32Array }),
  }
  await saveModel(folder, { model, values, tokenizer })
}
