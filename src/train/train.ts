import { withModel } from '../checkpoint/open-model.ts'
import { openCorpus } from '../data/sources/corpus.ts'
import { tellData } from '../data/sources/data-event.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { parseOptions } from '../options.ts'
import type { Engine } from '../runtime/engine.ts'
import { openEngine } from '../runtime/open.ts'
import { checkResumedOptions } from './checkpoints.ts'
import { TRAIN_ON_RESUME } from './on-resume.ts'
import { type ParsedTrainOptions, type TrainOptions, trainOptions } from './options.ts'
import { inRunFolder } from './run-folder.ts'
import type { TrainEvents, TrainResult } from './session.ts'
import { trainOnRecords } from './train-on-records.ts'
import { trainOnText } from './train-on-text.ts'
import { refuseIdle, refuseOverwriting } from './training-parts.ts'

/**
 * Trains a model, from the sources to the saved model: `task` says what it learns.
 *
 * `out` then holds the model (a Hugging Face folder: config.json, model.safetensors,
 * tokenizer.json), `checkpoints/`, `metrics.jsonl`, `tensorboard/` and `loss.svg`. Throws UserError
 * with the option, the file or the line at fault before any work is lost, also where `out` holds
 * something already or another run writes it.
 */
export async function train(options: TrainOptions, events: TrainEvents = {}): Promise<TrainResult> {
  const parsed = parseOptions(trainOptions, options)
  refuseIdle(options, parsed)
  refuseOverwriting(parsed.out, parsed.model)
  return inRunFolder(parsed, () => trainIn(parsed, events))
}

async function trainIn(parsed: ParsedTrainOptions, events: TrainEvents): Promise<TrainResult> {
  const { out, model, resume } = parsed
  if (resume) await checkResumedOptions(out, parsed, TRAIN_ON_RESUME, events.onMessage)
  if (model === undefined) return trainFrom(undefined, parsed, events)
  return withModel(model, (base) => trainFrom(base, parsed, events))
}

async function trainFrom(
  base: OpenModel | undefined,
  parsed: ParsedTrainOptions,
  events: TrainEvents,
): Promise<TrainResult> {
  const { out, val, task } = parsed
  const report = tellData(events.onMessage)
  const reading = { ...parsed, report, own: out, signal: events.signal }
  const corpus = await openCorpus(parsed.data, reading)
  const validation = Array.isArray(val) ? await openCorpus(val, reading) : undefined
  let engine: Engine | undefined
  try {
    engine = await openEngine(parsed)
    const parts = { options: parsed, engine, corpus, validation, base, report, events }
    return await (task === 'lm' || task === 'mlm'
      ? trainOnText(parts)
      : trainOnRecords(parts, task))
  } finally {
    await Promise.all([corpus.close(), validation?.close(), engine?.dispose()])
  }
}
