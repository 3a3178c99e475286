import { z } from 'zod'
import { loadParameters } from '../checkpoint/load-parameters.ts'
import { withModel } from '../checkpoint/open-model.ts'
import { withAdapters } from '../checkpoint/with-adapters.ts'
import { openCorpus } from '../data/sources/corpus.ts'
import { printDataEvents } from '../data/sources/data-event.ts'
import { readingOptions } from '../data/sources/reading-options.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { readAdapterFolder } from '../formats/peft/adapter-folder.ts'
import { readChatTemplate } from '../formats/read-chat-template.ts'
import { summarize } from '../metrics/summarize.ts'
import { countParameters, createModel, stacksOf } from '../models/model.ts'
import { parseOptions } from '../options.ts'
import type { Engine } from '../runtime/engine.ts'
import { peakMemory } from '../runtime/memory.ts'
import { withEngine } from '../runtime/open.ts'
import { engineOptions } from '../runtime/options.ts'
import {
  evaluationShape,
  expectTask,
  refuseOthers,
  TASK_NAMES,
  type TaskName,
  taskOf,
  taskOfModel,
} from '../tasks/index.ts'
import { expectComparable, measureDivergence } from './divergence.ts'
import { type Measurement, measureItems } from './measure-model.ts'
import { type Outcome, type OutcomeWriter, openOutcome, outcomeOptions } from './outcome.ts'
import type { EvaluationRun } from './run.ts'

export const evaluateOptions = z.strictObject({
  /** Folder of the model. */
  model: z.string().min(1),
  /** Folders of LoRA adapters that it is measured with. */
  adapter: z.array(z.string().min(1)).default([]),
  /** What is measured; default: what the model was made for, and of a decoder the next token. */
  task: z.enum(TASK_NAMES).optional(),
  /** Files, folders, globs, `-`, `npm:<package>[/path]`. */
  data: z.array(z.string().min(1)).min(1),
  /** Folder of a model whose probabilities it is compared with (KL divergence). */
  reference: z.string().min(1).optional(),
  ...outcomeOptions,
  ...engineOptions,
  ...readingOptions,
  ...evaluationShape(TASK_NAMES),
})

export type EvaluateOptions = z.input<typeof evaluateOptions>

/**
 * The loss; the task's metrics by name with 95 % intervals, such as `accuracy` and `f1` (macro) of
 * labels and tags, `meanAbsoluteError` of numbers, `recallAt1` of vectors, `exactMatch` and `bleu`
 * of texts that were written, `perplexity` of text; and the items that they are of.
 */
export interface EvaluateResult extends EvaluationRun, Measurement, Outcome {
  task: TaskName
  parameters: number
  seconds: number
  peakRssBytes: number
}

export interface EvaluateContext {
  /** An open engine to compute on, which stays the caller's; default: one by the options. */
  engine?: Engine | undefined
  signal?: AbortSignal | undefined
  /** A line for the user. */
  onMessage?(text: string): void
}

/**
 * Measures a model at a task: text in windows of the context that do not overlap, every token once;
 * whole documents; or records. Throws UserError with the option, the file or the line at fault.
 *
 * @example
 * const { metrics } = await evaluate({ model: 'my-classifier', data: ['test.jsonl'] })
 * console.log(metrics.accuracy)
 */
export async function evaluate(
  options: EvaluateOptions,
  context: EvaluateContext = {},
): Promise<EvaluateResult> {
  const parsed = parseOptions(evaluateOptions, options)
  return withModel(parsed.model, async (model) => {
    const task = parsed.task ?? taskOfModel(model.config)
    expectTask(task, model.config, model.path)
    refuseOthers(options, task, TASK_NAMES)
    const outcome = await openOutcome(parsed)
    const settings = settingsOf(options, { ...parsed, task })
    const measure = (reference?: OpenModel) =>
      evaluateModel(model, { ...parsed, task }, { ...context, outcome, settings, reference })
    return parsed.reference === undefined ? measure() : withModel(parsed.reference, measure)
  })
}

async function evaluateModel(
  base: OpenModel,
  options: z.output<typeof evaluateOptions> & { task: TaskName },
  {
    engine: opened,
    signal,
    onMessage,
    outcome,
    settings,
    reference,
  }: EvaluateContext & {
    outcome: OutcomeWriter
    settings: Record<string, unknown>
    reference?: OpenModel | undefined
  },
): Promise<EvaluateResult> {
  const started = performance.now()
  const { task } = options
  const files = await adapted(base, options.adapter)
  const { tokenizer, addBos } = files
  const template = options.chatTemplate && (await readChatTemplate(options.chatTemplate))
  const report = printDataEvents(onMessage)
  const corpus = await openCorpus(options.data, { ...options, report, signal })
  try {
    const model = createModel(files.config)
    const subject = { model, tokenizer, addBos, chatTemplate: template ?? files.chatTemplate }
    const rows = await taskOf(task).measure({ corpus, report }, subject, options)
    if (reference) expectComparable(files, reference, rows)
    const measures = reference ? [...rows.measures, 'divergence' as const] : rows.measures
    outcome.check(measures)
    for (const notice of rows.notices) onMessage?.(notice)
    return await withEngine(options, opened, async (engine) => {
      const parameters = await loadParameters(engine, model, files)
      try {
        const trained = { ...subject, engine, weights: { live: parameters }, signal }
        const divergences = reference && (await measureDivergence(trained, reference, rows))
        const { measurement, items } = await measureItems(trained, rows, divergences)
        const run: EvaluationRun = {
          name: task,
          model: options.model,
          settings: { ...settings, context: stacksOf(files.config)[0]?.context },
          seconds: (performance.now() - started) / 1000,
          ...summarize(items, measures),
          items,
        }
        return {
          ...run,
          ...measurement,
          ...(await outcome.finish(run)),
          task,
          parameters: countParameters(model),
          peakRssBytes: peakMemory(),
        }
      } finally {
        for (const tensor of Object.values(parameters)) tensor.dispose()
      }
    })
  } finally {
    await corpus.close()
  }
}

/** What is no setting of an evaluation. */
const OTHERS = ['model', 'task', 'engine', 'threads', ...Object.keys(outcomeOptions)]

/** What the numbers depend on, besides the model: options that were given, and of the task all. */
function settingsOf(
  given: EvaluateOptions,
  parsed: z.output<typeof evaluateOptions> & { task: TaskName },
): Record<string, unknown> {
  const names = [...Object.keys(given), ...Object.keys(taskOf(parsed.task).options)]
  return Object.fromEntries(
    Object.entries(parsed).filter(([name]) => names.includes(name) && !OTHERS.includes(name)),
  )
}

/** A model with its adapters merged into it. Throws UserError where it takes none. */
export async function adapted(base: OpenModel, adapters: readonly string[]): Promise<OpenModel> {
  if (adapters.length > 0 && base.config.kind !== 'decoder')
    throw new UserError(`adapter is for decoders, and the model in ${base.path} is another kind`)
  return withAdapters(base, await Promise.all(adapters.map(readAdapterFolder)), { merge: true })
}
