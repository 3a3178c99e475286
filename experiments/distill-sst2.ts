import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { compareRuns } from '../src/evaluate/compare.ts'
import { type EvaluateResult, evaluate } from '../src/evaluate/evaluate.ts'
import { train } from '../src/train/train.ts'
import { distill } from '../src/tune/distill/distill.ts'
import { type CellContext, type CellResult, defineExperiment } from './experiment.ts'
import { formatMean, markdownTable, meanOf } from './summary.ts'

const count = z.number().int().min(1)

const options = {
  members: count.default(3),
  pretrain: z.number().int().min(0).default(1500),
  steps: count.default(1500),
  studentSteps: count.default(4000),
  studentLayers: count.default(1),
  studentDim: count.default(32),
  temperature: z.number().gt(0).default(2),
  labelWeight: z.number().min(0).max(1).default(0.2),
}

type Settings = z.output<z.ZodObject<typeof options>>

/** Examples of train that the best checkpoint is chosen by: dev and test are only measured. */
const SLICE = 2000

/** Of the teachers; students have their own sizes. */
const TEACHER = { layers: 2, dim: 128, heads: 4, context: 48, batch: 32 }
const COMMON = { threads: 2, lr: 1e-3 }

type Outcome = Record<'dev' | 'test', number> & { parameters: number }

interface Result {
  teacher: Outcome
  alone: Outcome
  taught: Outcome
  /** Of dev: taught less alone, with its interval and the p-value of McNemar's test. */
  difference: { value: number; low?: number | undefined; high?: number | undefined; p: number }
}

/**
 * A student of at most half the parameters of its teacher, which is an ensemble whose members were
 * pre-trained with masked tokens of the same text, against itself trained alone for as many steps.
 */
export const distillSst2 = defineExperiment<typeof options, Settings, Result>({
  name: 'distill-sst2',
  summary: 'A small student of an ensemble on SST-2, against itself trained alone.',
  options,
  help: {
    members: 'classifiers of the teacher',
    pretrain: 'steps of pre-training with masked tokens of the training text; 0 is none',
    steps: 'steps of each classifier',
    studentSteps: 'steps of the student, alone and taught',
    studentLayers: 'layers of the student',
    studentDim: 'width of the student, whose heads have 32',
    temperature: 'of distillation',
    labelWeight: 'share of the labels in distillation',
  },
  cells: (settings) => ({ [`ensemble of ${settings.members}`]: settings }),
  run: async (settings, context) => {
    const data = await writeData(context)
    const teachers = await trainTeachers(settings, data, context)
    const { seed, folder, signal, report } = context
    const student = {
      ...COMMON,
      data: [data.train],
      val: [data.slice],
      batch: TEACHER.batch,
      steps: settings.studentSteps,
      layers: settings.studentLayers,
      dim: settings.studentDim,
      heads: Math.max(1, settings.studentDim / 32),
      dropout: 0.1,
      seed,
    }
    const [alone, taught] = [join(folder, 'alone'), join(folder, 'taught')]
    report('the student alone')
    const architecture = {
      task: 'classify',
      architecture: 'bert',
      context: TEACHER.context,
    } as const
    const tokenizer = teachers[0] as string
    const { parameters } = await train(
      { ...student, ...architecture, tokenizer, out: alone },
      { signal },
    )
    report('the student of the teacher')
    const { temperature, labelWeight } = settings
    const given = { ...student, teacher: teachers, temperature, labelWeight, out: taught }
    await distill(given, { signal })
    const measured = async (model: string, part: 'dev' | 'test') =>
      evaluate({ model, data: [data[part]], threads: 2 }, { signal })
    const of = async (model: string) => {
      const [dev, test] = [await measured(model, 'dev'), await measured(model, 'test')]
      return { dev, test }
    }
    const [a, b] = [await of(alone), await of(taught)]
    const members = []
    for (const teacher of teachers) members.push(await of(teacher))
    const outcome = ({ dev, test }: typeof a): Outcome => ({
      dev: accuracyOf([dev]),
      test: accuracyOf([test]),
      parameters,
    })
    const difference = compareRuns(a.dev, b.dev).metrics.accuracy?.difference
    if (!difference) throw new Error('the accuracies of both students do not compare')
    return {
      teacher: {
        dev: accuracyOf(members.map(({ dev }) => dev)),
        test: accuracyOf(members.map(({ test }) => test)),
        parameters: members.reduce((total, { dev }) => total + dev.parameters, 0),
      },
      alone: outcome(a),
      taught: outcome(b),
      difference,
    }
  },
  summarize: (results) => {
    const percent = (values: number[]) => formatMean(meanOf(values.map((x) => 100 * x)), 2)
    const row = (who: 'teacher' | 'alone' | 'taught', cell: CellResult<Settings, Result>[]) => [
      who,
      String(cell[0]?.result[who].parameters),
      percent(cell.map(({ result }) => result[who].dev)),
      percent(cell.map(({ result }) => result[who].test)),
    ]
    const all = [...results]
    const kept = all.map(({ result }) => result.taught.dev / result.teacher.dev)
    const pairs = all.map(({ seed, result: { difference } }) => {
      const [value, low, high] = [difference.value, difference.low, difference.high].map((x) =>
        (100 * (x ?? Number.NaN)).toFixed(2),
      )
      return `seed ${seed}: ${value} [${low}, ${high}], p = ${difference.p.toPrecision(2)}`
    })
    return [
      markdownTable(
        ['model', 'parameters', 'dev accuracy, %', 'test accuracy, %'],
        (['teacher', 'alone', 'taught'] as const).map((who) => row(who, all)),
      ),
      `Kept of the teacher's accuracy: ${percent(kept)} %. Taught less alone, on dev: ` +
        `${pairs.join('; ')}.`,
    ].join('\n\n')
  },
})

/** The files of SST-2 as records. */
async function writeData({ folder, read }: CellContext) {
  const records = async (part: string) => {
    const lines = (await read(`tasks/sst2/${part}.tsv`)).trim().split('\n').slice(1)
    return lines.map((line) => {
      const [text = '', label] = line.split('\t')
      return { text: text.trim(), label: label?.trim() === '1' ? 'positive' : 'negative' }
    })
  }
  const write = async (name: string, all: readonly object[]) => {
    const path = join(folder, `${name}.jsonl`)
    await writeFile(path, all.map((record) => JSON.stringify(record)).join('\n'))
    return path
  }
  const all = await records('train')
  const train = all.slice(0, -SLICE)
  return {
    train: await write('train', train),
    slice: await write('slice', all.slice(-SLICE)),
    text: await write(
      'text',
      train.map(({ text }) => ({ text })),
    ),
    dev: await write('dev', await records('dev')),
    test: await write('test', await records('test')),
  }
}

/** Folders of the members, which differ by their seeds. */
async function trainTeachers(
  { members, pretrain, steps }: Settings,
  data: Awaited<ReturnType<typeof writeData>>,
  { seed, folder, signal, report }: CellContext,
): Promise<string[]> {
  const sizes = { ...COMMON, ...TEACHER, architecture: 'bert', dropout: 0.1 } as const
  const body = join(folder, 'body')
  if (pretrain > 0) {
    report('pre-training with masked tokens')
    const given = { ...sizes, data: [data.text], out: body, vocab: 8192, steps: pretrain, seed }
    await train({ ...given, task: 'mlm', val: 0.02 }, { signal })
  }
  const teachers: string[] = []
  for (let member = 0; member < members; member++) {
    report(`member ${member + 1} of ${members}`)
    const out = join(folder, `teacher-${member}`)
    const [first] = teachers
    const fresh = { ...sizes, ...(first ? { tokenizer: first } : { vocab: 8192 }) }
    const { layers: _, dim: __, heads: ___, architecture: ____, dropout: _____, ...further } = sizes
    const start = pretrain > 0 ? { ...further, model: body } : fresh
    const learning = { data: [data.train], val: [data.slice], steps, seed: 100 * seed + member }
    await train({ ...start, ...learning, task: 'classify', out }, { signal })
    teachers.push(out)
  }
  return teachers
}

/** Of the mean of the models' probabilities. */
function accuracyOf(runs: readonly EvaluateResult[]): number {
  const [first] = runs as [EvaluateResult]
  const right = first.items.filter(({ expected }, i) => {
    const totals = new Map<string, number>()
    for (const { items } of runs)
      for (const [label, p] of Object.entries(items[i]?.probabilities ?? {}))
        totals.set(label, (totals.get(label) ?? 0) + p)
    const [best] = [...totals].sort(([, a], [, b]) => b - a)
    return best?.[0] === expected
  })
  return right.length / first.items.length
}
