import { UserError } from '../../errors.ts'
import type { Item } from '../../metrics/item.ts'
import { confusionOf, type Summary, summarize } from '../../metrics/summarize.ts'
import type { OutcomeWriter } from '../outcome.ts'
import { type EvaluationRun, isEvaluated, readRun } from '../run.ts'
import type { Answerer } from './answerer.ts'
import type { Benchmark } from './benchmark.ts'
import type { BenchmarkContext, BenchmarkRun } from './evaluate-benchmarks.ts'
import { ItemLog } from './item-log.ts'
import type { OpenBenchmark } from './open-benchmark.ts'
import { askedOf, type Prompts } from './prompts.ts'

export interface MeasureBenchmark {
  open: OpenBenchmark
  prompts: Prompts
  answerer: Answerer
  limit: number | undefined
  /** What the items depend on. */
  settings: { model: string } & Readonly<Record<string, unknown>>
  /** Where items and results go; an interrupted run resumes there. */
  folder: string | undefined
  outcome: OutcomeWriter
}

/** One benchmark, from questions to results. Throws the signal's reason if aborted. */
export async function measureBenchmark(
  { open, prompts, answerer, limit, settings, folder, outcome }: MeasureBenchmark,
  { signal, onMessage, onProgress }: BenchmarkContext,
): Promise<BenchmarkRun> {
  const started = performance.now()
  const { name, benchmark } = open
  const asked = askedOf(open, limit)
  expectDistinct(asked.map(({ question }) => question.id))
  const log = folder === undefined ? undefined : await ItemLog.open(folder, settings)
  if (folder !== undefined && (await isEvaluated(folder))) {
    const run = await readRun(folder)
    onMessage?.(`${name}: ${folder} holds the results`)
    return { ...run, ...(await outcome.finish(run)) }
  }
  const items = new Map<string, Item>(log?.known)
  const left = asked.filter(({ question }) => !items.has(question.id))
  if (items.size > 0) onMessage?.(`${name}: resumes after ${items.size} of ${asked.length} items`)
  const encoder = answerer.encoder()
  try {
    for await (const item of answerer.answers(left, encoder, { benchmark, prompts, signal })) {
      items.set(item.id, item)
      await log?.add(item)
      onProgress?.(name, items.size, asked.length)
    }
  } finally {
    await log?.flush()
  }
  if (encoder.cut > 0)
    onMessage?.(
      `${name}: ${encoder.cut} of ${left.length} prompts are longer than the model’s context; ` +
        'their beginnings are left out',
    )
  if (encoder.cutChoices > 0)
    onMessage?.(
      `${name}: ${encoder.cutChoices} of ${left.length} questions have choices that are longer ` +
        'than the model’s context; only the ends of these are measured',
    )
  const ordered = asked.map(({ question }) => items.get(question.id) as Item)
  const run: EvaluationRun = {
    name,
    settings,
    model: settings.model,
    seconds: (performance.now() - started) / 1000,
    items: ordered,
    ...summary(ordered, benchmark),
  }
  return { ...run, ...(await outcome.finish(run)) }
}

/** The numbers; and which choices are taken for which, unless the same one is always right. */
function summary(items: readonly Item[], { measures }: Benchmark): Summary {
  const all = summarize(items, measures)
  const right = new Set(items.map(({ expected }) => expected))
  if (!measures.includes('choices') || !items[0]?.probabilities || right.size < 2) return all
  return { ...all, confusion: confusionOf(items) }
}

function expectDistinct(ids: readonly string[]): void {
  const known = new Set<string>()
  for (const id of ids) {
    if (known.has(id)) throw new UserError(`two questions have the id ${id}; give each its own`)
    known.add(id)
  }
}
