import { Command } from 'commander'
import { z } from 'zod'
import { defineCommand, type Outcome } from '../src/cli/command.ts'
import { quiet, run } from '../src/cli/run.ts'
import { UserError } from '../src/errors.ts'
import { choose } from './choose.ts'
import { formatRows, type Row } from './row.ts'

const common = { threads: z.number().int().min(1).optional() }
const commonHelp = {
  threads: 'threads to compute with (default: as many as the machine runs at once)',
}

const outcome = (rows: readonly Row[]): Outcome => ({ result: { rows }, text: formatRows(rows) })

const train = defineCommand({
  name: 'train',
  summary: 'Training steps: time, memory, share of the peak; with PyTorch if it is installed.',
  options: z.strictObject({
    ...common,
    only: z.string().min(1).optional(),
    rounds: z.number().int().min(1).default(3),
    profile: z.boolean().default(false),
  }),
  help: {
    Measurement: {
      only: 'the sizes whose name contains this: "GPT-2 small"',
      rounds: 'processes of each side, in turn',
      profile: 'also report where the time of a step goes',
      ...commonHelp,
    },
  },
  examples: ['npm run bench -- train', 'npm run bench -- train --only "4 layers" --profile'],
  run: async ({ only = '', ...options }) => {
    const { benchTrain, CONFIGURATIONS } = await import('./train.ts')
    const names = CONFIGURATIONS.map(({ name }) => name)
    const chosen = choose(names, only)
    const configurations = CONFIGURATIONS.filter(({ name }) => chosen.includes(name))
    return outcome(await benchTrain({ ...options, configurations, report: console.error }))
  },
})

/** A command that measures shapes. `open` imports them and their measurement when it runs. */
const measuring = <S extends string>(
  name: string,
  {
    summary,
    example,
    open,
  }: {
    summary: string
    /** A part of a shape's name. */
    example: string
    open(): Promise<{
      names: readonly S[]
      measure(options: {
        shapes: S[]
        threads?: number
        rounds?: number
        report(line: string): void
      }): Promise<Row[]>
    }>
  },
) =>
  defineCommand({
    name,
    summary,
    options: z.strictObject({
      ...common,
      only: z.string().min(1).optional(),
      rounds: z.number().int().min(1).optional(),
    }),
    help: {
      Measurement: {
        only: `the shapes whose name contains this: ${example}`,
        rounds: 'measurements of each side, in turn',
        ...commonHelp,
      },
    },
    examples: [`npm run bench -- ${name}`],
    run: async ({ only = '', ...options }) => {
      const { names, measure } = await open()
      const shapes = choose(names, only)
      return outcome(await measure({ ...options, shapes, report: console.error }))
    },
  })

const decode = measuring('decode', {
  summary: 'Prompt processing and decoding; with node-llama-cpp if it is installed.',
  example: 'Llama',
  open: async () => {
    const { benchDecode } = await import('./decode.ts')
    const { SHAPES } = await import('./decode-task.ts')
    return { names: Object.keys(SHAPES) as (keyof typeof SHAPES)[], measure: benchDecode }
  },
})

const encode = measuring('encode', {
  summary: 'Encoders and encoder-decoders; with transformers.js if it is installed.',
  example: 'BERT',
  open: async () => {
    const { benchEncode } = await import('./encode.ts')
    const { ENCODE_SHAPES } = await import('./encode-task.ts')
    const names = Object.keys(ENCODE_SHAPES) as (keyof typeof ENCODE_SHAPES)[]
    return { names, measure: benchEncode }
  },
})

const load = defineCommand({
  name: 'load',
  summary: 'Loading a gigabyte of weights: time and memory, against reading the file.',
  options: z.strictObject({
    ...common,
    gigabytes: z.number().gt(0).default(1),
    rounds: z.number().int().min(1).optional(),
  }),
  help: {
    Measurement: {
      gigabytes: 'size of the weights',
      rounds: 'processes of each kind, in turn',
      ...commonHelp,
    },
  },
  examples: ['npm run bench -- load'],
  run: async (options) => {
    const { benchLoad } = await import('./load.ts')
    return outcome(await benchLoad({ ...options, report: console.error }))
  },
})

const evaluate = defineCommand({
  name: 'evaluate',
  summary: 'Benchmarks: batches against single sentences, packed choices against separate ones.',
  options: z.strictObject({
    benchmarkDir: z.string().min(1),
    limit: z.number().int().min(1).optional(),
    rounds: z.number().int().min(1).optional(),
    ...common,
  }),
  help: {
    Measurement: {
      benchmarkDir: '`DIR` folder of the files of BLiMP and HellaSwag',
      limit: 'questions of each (default: 1000)',
      rounds: 'measurements of each side, in turn',
      ...commonHelp,
    },
  },
  examples: ['npm run bench -- evaluate --benchmark-dir tasks'],
  run: async (options) => {
    const { benchEvaluate } = await import('./evaluate.ts')
    return outcome(await benchEvaluate({ ...options, report: console.error }))
  },
})

const grpo = defineCommand({
  name: 'grpo',
  summary: 'Where the time of a step of reinforcement learning goes, with 10.7 million parameters.',
  options: z.strictObject({ ...common, rounds: z.number().int().min(1).optional() }),
  help: { Measurement: { rounds: 'steps that are timed', ...commonHelp } },
  examples: ['npm run bench -- grpo'],
  run: async (options) => {
    const { benchGrpo } = await import('./grpo.ts')
    return outcome(await benchGrpo({ ...options, report: console.error }))
  },
})

const sources = z.array(z.string().min(1)).min(1).optional()

const tokenizer = defineCommand({
  name: 'tokenizer',
  summary: 'Encoding and training; with other tokenizers if they are installed.',
  options: z.strictObject({
    english: sources,
    chinese: sources,
    corpus: sources,
    vocabSize: z.number().int().min(1).optional(),
    ...common,
  }),
  help: {
    Measurement: {
      english: '`SOURCE` English text to encode (default: Moby Dick, from an npm package)',
      chinese: '`SOURCE` Chinese text to encode (default: none)',
      corpus: '`SOURCE` text to train on (default: the English text)',
      vocabSize: 'tokens of the vocabulary that is trained (default: 32,000 merges)',
      ...commonHelp,
    },
  },
  examples: ['npm run bench -- tokenizer --chinese poems.txt'],
  run: async (options) => {
    const { benchTokenizer } = await import('./tokenizer.ts')
    return outcome(await benchTokenizer({ ...options, report: console.error }))
  },
})

const optimizers = defineCommand({
  name: 'optimizers',
  summary: 'Train a small model of characters with every optimizer; draw their losses.',
  options: z.strictObject({
    data: z.string().min(1),
    svg: z.string().min(1),
    steps: z.number().int().min(200).default(2000),
    seed: z.number().int().min(0).default(1),
    ...common,
  }),
  help: {
    Measurement: {
      data: '`FILE` text to train on; its last tenth is for validation',
      svg: '`FILE` for the picture',
      steps: 'updates of each training',
      seed: 'the same seed gives the same curves',
      ...commonHelp,
    },
  },
  examples: ['npm run bench -- optimizers --data tinyshakespeare.txt --svg optimizers.svg'],
  run: async ({ data, threads, ...options }) => {
    const { readFile } = await import('node:fs/promises')
    const { drawOptimizers } = await import('./optimizers.ts')
    const { openEngine } = await import('../src/runtime/open.ts')
    const text = await readFile(data, 'utf8').catch((error: Error) => {
      throw new UserError(`--data ${data}: ${error.message}`)
    })
    const engine = await openEngine({ engine: 'cpu', threads })
    try {
      const losses = await drawOptimizers(engine, { ...options, text, report: console.error })
      return { result: { losses: Object.fromEntries(losses) } }
    } finally {
      await engine.dispose()
    }
  },
})

const program = quiet(new Command('npm run bench --')).description(
  'Measure speed and memory on this machine.',
)
for (const add of [train, decode, encode, load, grpo, evaluate, tokenizer, optimizers]) add(program)
await run(program)
