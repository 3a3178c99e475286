import { UserError } from '../../errors.ts'
import { confusionMatrix } from '../../metrics/classification.ts'
import type { Item } from '../../metrics/item.ts'
import { codeItems } from '../../metrics/measures/labels.ts'
import { type Summary, summarize } from '../../metrics/summarize.ts'
import { type EvaluationRun, writeRun } from '../run.ts'
import type { Answerer } from './answerer.ts'
import type { Benchmark } from './benchmark.ts'
import type { BenchmarkContext } from './evaluate-benchmarks.ts'
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
}

/** One benchmark, from questions to results. Throws the signal's reason if aborted. */
export async function measureBenchmark(
  { open, prompts, answerer, limit, settings, folder }: MeasureBenchmark,
  { signal, onMessage, onProgress }: BenchmarkContext,
): Promise<EvaluationRun> {
  const started = performance.now()
  const { name, benchmark } = open
  const asked = askedOf(open, limit)
  expectDistinct(asked.map(({ question }) => question.id))
  const log = folder === undefined ? undefined : await ItemLog.open(folder, settings)
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
  const ordered = asked.map(({ question }) => items.get(question.id) as Item)
  const run = {
    name,
    settings,
    model: settings.model,
    seconds: (performance.now() - started) / 1000,
    items: ordered,
    ...summary(ordered, benchmark),
  }
  if (folder !== undefined) await writeRun(folder, run)
  return run
}

/** The numbers of a benchmark; where choices have letters, also which are taken for which. */
function summary(items: readonly Item[], { measures }: Benchmark): Summary {
  const all = summarize(items, measures)
  if (!measures.includes('choices') || !measures.includes('probabilities')) return all
  const { coded } = codeItems(items)
  return { ...all, confusion: { labels: coded.labels, counts: confusionMatrix(coded) } }
}

function expectDistinct(ids: readonly string[]): void {
  const known = new Set<string>()
  for (const id of ids) {
    if (known.has(id)) throw new UserError(`two questions have the id ${id}; give each its own`)
    known.add(id)
  }
}
