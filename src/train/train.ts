import { join } from 'node:path'
import type { Batch } from '../data/batch.ts'
import { evaluationBatches } from '../data/readers/evaluation-batches.ts'
import { packedDocuments } from '../data/readers/packed-documents.ts'
import { randomWindows } from '../data/readers/random-windows.ts'
import { batchReader } from '../data/readers/reader.ts'
import { openCorpus } from '../data/sources/corpus.ts'
import type { DataEvent } from '../data/sources/data-event.ts'
import { describeDataEvent } from '../data/sources/describe-event.ts'
import { type Dataset, prepareDataset } from '../data/store/dataset.ts'
import { UserError } from '../errors.ts'
import { Decoder } from '../models/decoder.ts'
import { nextToken } from '../objectives/language-model.ts'
import { parseOptions } from '../options.ts'
import type { Engine } from '../runtime/engine.ts'
import { openEngine } from '../runtime/open.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { newestCheckpoint } from './checkpoint-files.ts'
import { noCheckpoint } from './checkpoints.ts'
import { horizon, modelConfig } from './dial.ts'
import { type TrainOptions, trainOptions } from './options.ts'
import { type TrainEvents, type TrainResult, trainingSession } from './session.ts'
import { readTokenizer, tokenizerFor } from './tokenizer-for.ts'

/**
 * Trains a decoder on text, from the sources to the saved model.
 *
 * `out` then holds the model (a Hugging Face folder: config.json, model.safetensors,
 * tokenizer.json), `checkpoints/`, `metrics.jsonl`, `tensorboard/` and `loss.svg`. Throws UserError
 * with the option or the file at fault before any work is lost.
 */
export async function train(options: TrainOptions, events: TrainEvents = {}): Promise<TrainResult> {
  const parsed = parseOptions(trainOptions, options)
  const { out, val, encodingErrors, resume } = parsed
  const report = (event: DataEvent) => {
    const line = describeDataEvent(event)
    if (line) events.onMessage?.(line)
  }
  const corpus = await openCorpus(parsed.data, { encodingErrors, report })
  const validation = Array.isArray(val)
    ? await openCorpus(val, { encodingErrors, report })
    : undefined
  let [engine, dataset]: [Engine | undefined, Dataset | undefined] = [undefined, undefined]
  try {
    engine = await openEngine(parsed)
    const corpora = validation ? [corpus, validation] : [corpus]
    if (resume && !(await newestCheckpoint(out))) throw noCheckpoint(out)
    const tokenizer = resume ? await readTokenizer(out) : await tokenizerFor(parsed, corpora)
    dataset = await prepareDataset({
      folder: join(out, 'data'),
      corpus,
      validation: validation ?? (val as number),
      tokenizer,
      whenChanged: resume ? 'refuse' : 'rebuild',
      report,
    })
    return await trainOn(parsed, dataset, tokenizer, engine, events)
  } finally {
    dataset?.close()
    await Promise.all([corpus.close(), validation?.close(), engine?.dispose()])
  }
}

async function trainOn(
  options: ReturnType<typeof parseOptions<typeof trainOptions>>,
  dataset: Dataset,
  tokenizer: Tokenizer,
  engine: Engine,
  events: TrainEvents,
): Promise<TrainResult> {
  const config = modelConfig(options, tokenizer.vocabSize)
  const { train: text, validation, manifest } = dataset
  const { context: length } = config
  checkLength(text.length, length)
  // Many documents are packed one after the other; one long text is read from anywhere in it.
  const source = { seed: options.seed }
  const many = manifest.parts.train.documents > 1
  const rows = many ? packedDocuments(text, source) : randomWindows(text, source)
  const batches = (): Iterable<Batch> =>
    validation ? evaluationBatches(validation, { rows: 8, length }) : []
  const bytes = manifest.parts.validation?.bytes ?? 0
  const model = new Decoder(config)
  return trainingSession({
    options,
    engine,
    model,
    objective: nextToken(model, length, { labelSmoothing: options.labelSmoothing }),
    measured: nextToken(model, length, { measured: true }),
    length,
    files: { tokenizer, chatTemplate: undefined },
    defaults: horizon(config, text.length),
    reader: (count) => batchReader(rows, { rows: count, length }),
    validation: validation && { batches, bytes },
    trainingTokens: text.length,
    identity: {
      config,
      tokenizer: manifest.tokenizer,
      seed: options.seed,
      optimizer: options.optimizer,
    },
    events,
  })
}

function checkLength(tokens: number, context: number): void {
  if (tokens > context) return
  throw new UserError(
    `the training data has ${tokens} tokens, but a context of ${context} needs more; give more text or a smaller --context`,
  )
}
