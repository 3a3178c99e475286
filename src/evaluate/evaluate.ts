import { z } from 'zod'
import { loadParameters } from '../checkpoint/load-parameters.ts'
import { asDecoder, withModel } from '../checkpoint/open-model.ts'
import { withAdapters } from '../checkpoint/with-adapters.ts'
import { openCorpus } from '../data/sources/corpus.ts'
import { tellData } from '../data/sources/data-event.ts'
import { documentSeparator, readingOptions } from '../data/sources/reading-options.ts'
import type { Completion } from '../data/tasks/completions.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { readAdapterFolder } from '../formats/peft/adapter-folder.ts'
import { LanguageModel, type LanguageModelOptions } from '../generate/language-model.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { countParameters } from '../models/model.ts'
import { nextToken } from '../objectives/language-model.ts'
import { parseOptions } from '../options.ts'
import { exactMatch, expectedOf } from '../predict/completions.ts'
import { peakMemory } from '../runtime/memory.ts'
import { openEngine } from '../runtime/open.ts'
import { engineOptions } from '../runtime/options.ts'
import { type Measurement, measureModel } from './measure-model.ts'
import { readRows } from './read-rows.ts'

export const evaluateOptions = z.strictObject({
  /** Folder of the model. */
  model: z.string().min(1),
  /** Folders of LoRA adapters that it is measured with. */
  adapter: z.array(z.string().min(1)).default([]),
  /** What is measured: the next token of texts, or what follows the prompts of records. */
  task: z.enum(['lm', 'completion']).default('lm'),
  /** Files, folders, globs, `-`, `npm:<package>[/path]`. */
  data: z.array(z.string().min(1)).min(1),
  /** One stream of documents that rows are cut from, or one document a row. */
  documents: z.enum(['packed', 'whole']).default('packed'),
  ...engineOptions,
  ...readingOptions,
  documentSeparator,
})

export type EvaluateOptions = z.input<typeof evaluateOptions>

export interface EvaluateResult extends Measurement {
  /** Of the task `completion`: the share of the completions that the model writes exactly. */
  exactMatch?: number
  parameters: number
  seconds: number
  peakRssBytes: number
}

/**
 * Measures a model: on text, in windows of the training context that do not overlap, every token
 * once; on whole documents; or on what follows the prompts of records. Throws UserError with the
 * option or the file at fault.
 */
export async function evaluate(
  options: EvaluateOptions,
  events: EvaluateEvents = {},
): Promise<EvaluateResult> {
  const parsed = parseOptions(evaluateOptions, options)
  const idle = (['documents', 'documentSeparator'] as const).find((name) => options[name])
  if (idle && parsed.task !== 'lm')
    throw new UserError(`${idle} is not of the task ${parsed.task}, but of lm; leave it out`)
  return withModel(parsed.model, (model) => evaluateModel(asDecoder(model), parsed, events))
}

interface EvaluateEvents {
  signal?: AbortSignal
  onMessage?(text: string): void
}

async function evaluateModel(
  base: OpenModel<DecoderConfig>,
  parsed: z.output<typeof evaluateOptions>,
  { signal, onMessage }: EvaluateEvents,
): Promise<EvaluateResult> {
  const started = performance.now()
  const adapters = await Promise.all(parsed.adapter.map(readAdapterFolder))
  const folder = withAdapters(base, adapters, { merge: true })
  const corpus = await openCorpus(parsed.data, {
    ...parsed,
    report: tellData(onMessage),
    signal,
  })
  const engine = await openEngine(parsed)
  try {
    const model = new Decoder(folder.config)
    const { length, data, records, notices } = await readRows(corpus, folder, parsed)
    for (const notice of notices) onMessage?.(notice)
    const parameters = await loadParameters(engine, model, folder)
    const objective = nextToken(model, length, { evaluation: true })
    const measured = await measureModel({ engine, parameters, objective }, data, { signal })
    const parts = { ...folder, engine, model, weights: { live: parameters } }
    return {
      ...measured,
      ...(records && { exactMatch: await matchExactly(parts, records, signal) }),
      parameters: countParameters(model),
      seconds: (performance.now() - started) / 1000,
      peakRssBytes: peakMemory(),
    }
  } finally {
    await Promise.all([corpus.close(), engine.dispose()])
  }
}

async function matchExactly(
  parts: LanguageModelOptions,
  records: readonly Completion[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const model = await LanguageModel.create(parts)
  try {
    return await exactMatch(model, expectedOf(records, model), { signal })
  } finally {
    await model.dispose()
  }
}
