import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { evaluate } from '../src/evaluate/evaluate.ts'
import { train } from '../src/train/train.ts'
import { distill } from '../src/tune/distill/distill.ts'
import type { DistillOptions } from '../src/tune/distill/options.ts'
import { defineExperiment } from './experiment.ts'
import { formatMean, markdownTable, meanOf } from './summary.ts'

const count = z.number().int().min(1)

const options = {
  steps: count.default(1500),
  layers: count.default(4),
  dim: count.default(128),
  studentLayers: count.default(2),
  temperature: z.number().gt(0).default(1),
}

type Settings = z.output<z.ZodObject<typeof options>>

/** Ways to teach, each with what the one before has. */
const WAYS = {
  outputs: { labelWeight: 0.5 },
  'and hidden states': { labelWeight: 0.5, hiddenWeight: 1 },
  'and layers to begin with': { labelWeight: 0.5, hiddenWeight: 1, initFromTeacher: true },
} as const satisfies Record<string, Partial<DistillOptions>>

/** Losses of the held-out tenth, in nats a character. */
type Result = Record<'teacher' | 'alone' | keyof typeof WAYS, number>

/** How much of the gap between a small model and a large one distillation closes. */
export const distillLm = defineExperiment<typeof options, Settings, Result>({
  name: 'distill-lm',
  summary: 'A language model of half the layers, taught and alone, for as many steps.',
  options,
  help: {
    steps: 'steps of the teacher, and of each student',
    layers: 'layers of the teacher',
    dim: 'width of all models',
    studentLayers: 'layers of the students',
    temperature: 'of distillation',
  },
  cells: (settings) => ({ 'tinyshakespeare, characters': settings }),
  run: async (settings, { seed, folder, signal, report, read }) => {
    const { steps, layers, dim, studentLayers, temperature } = settings
    const text = await read('text/tinyshakespeare.txt')
    // nanoGPT's split.
    const cut = Math.floor(0.9 * text.length)
    const path = (name: string) => join(folder, name)
    await writeFile(path('train.txt'), text.slice(0, cut))
    await writeFile(path('held.txt'), text.slice(cut))
    const common = {
      data: [path('train.txt')],
      val: [path('held.txt')],
      dataFolder: path('tokens'),
      context: 128,
      batch: 32,
      steps,
      lr: 2e-3,
      threads: 2,
      seed,
    }
    const sizes = { tokenizer: 'char', dim, heads: dim / 32 }
    const lossOf = async (out: string) => {
      const measured = { model: out, data: [path('held.txt')], threads: 2 }
      return (await evaluate(measured, { signal })).loss
    }
    report('the teacher')
    const teacher = path('teacher')
    await train({ ...common, ...sizes, layers, out: teacher }, { signal })
    report('the student alone')
    await train({ ...common, ...sizes, layers: studentLayers, out: path('alone') }, { signal })
    const losses: Record<string, number> = {
      teacher: await lossOf(teacher),
      alone: await lossOf(path('alone')),
    }
    for (const [name, way] of Object.entries(WAYS)) {
      report(`taught by ${name}`)
      const given = { ...common, teacher: [teacher], layers: studentLayers, temperature, ...way }
      await distill({ ...given, out: path(name) }, { signal })
      losses[name] = await lossOf(path(name))
    }
    return losses as Result
  },
  summarize: (results) => {
    const figures = (of: (result: Result) => number, decimals: number) =>
      formatMean(meanOf(results.map(({ result }) => of(result))), decimals)
    const names = ['teacher', 'alone', ...Object.keys(WAYS)] as (keyof Result)[]
    const closed = (name: keyof Result) => (result: Result) =>
      (100 * (result.alone - result[name])) / (result.alone - result.teacher)
    return markdownTable(
      ['model', 'loss, nats', 'gap closed, %'],
      names.map((name) => [
        name,
        figures((result) => result[name], 4),
        name in WAYS ? figures(closed(name), 0) : '',
      ]),
    )
  },
})
