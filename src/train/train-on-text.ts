import { join } from 'node:path'
import type { Batch } from '../data/batch.ts'
import type { AnyBatch } from '../data/examples.ts'
import { evaluationBatches, measuredBytes } from '../data/readers/evaluation-batches.ts'
import { packedDocuments } from '../data/readers/packed-documents.ts'
import { randomWindows } from '../data/readers/random-windows.ts'
import { type BatchReader, batchReader } from '../data/readers/reader.ts'
import { type Dataset, prepareDataset } from '../data/store/dataset.ts'
import {
  hiddenCount,
  type MaskingOptions,
  maskedBatches,
  maskedReader,
  textLength,
} from '../data/tasks/masked-tokens.ts'
import { UserError } from '../errors.ts'
import { Encoder } from '../models/encoder.ts'
import { createModel, type Model, type ModelConfig, stacksOf } from '../models/model.ts'
import { kindOfStyle } from '../models/styles/index.ts'
import { nextToken } from '../objectives/language-model.ts'
import { maskedLanguageModelObjective } from '../objectives/masked-language-model.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { copyParameters } from './copy-parameters.ts'
import { horizon, modelConfig, withHead } from './dial.ts'
import { TRAIN_ON_RESUME } from './on-resume.ts'
import type { ParsedTrainOptions } from './options.ts'
import { type TrainResult, trainingSession } from './session.ts'
import { type ChosenTokenizer, originOf, tokenizerForText } from './tokenizer-for.ts'
import { checkBase, type TrainingParts } from './training-parts.ts'

/** Learns the next token of text, or hidden ones. */
export async function trainOnText(parts: TrainingParts): Promise<TrainResult> {
  const { options, corpus, validation, base, report } = parts
  const { out, resume, task, val, seed, shuffle } = options
  if (base) checkBase(options, base)
  const corpora = validation ? [corpus, validation] : [corpus]
  const kind = task === 'mlm' ? 'encoder' : 'decoder'
  const given = base?.config.kind ?? (options.style && kindOfStyle(options.style)) ?? kind
  if (given !== kind)
    throw new UserError(
      `task ${task} trains ${kind}s, and this model is of the kind ${given}; choose another style or model, or another task`,
    )
  const chosen = await tokenizerForText(options, corpora, { kind, base })
  const dataset = await prepareDataset({
    folder: join(out, 'data'),
    corpus,
    validation: validation ?? (val as number),
    seed: shuffle ? seed : undefined,
    tokenizer: chosen.tokenizer,
    whenChanged: resume ? 'refuse' : 'rebuild',
    report,
  })
  try {
    return await trainOn(parts, dataset, chosen)
  } finally {
    dataset.close()
  }
}

async function trainOn(
  { options, engine, base, events }: TrainingParts,
  dataset: Dataset,
  { tokenizer, chatTemplate }: ChosenTokenizer,
): Promise<TrainResult> {
  const config = configFor(options, tokenizer, base?.config)
  const model = createModel(config)
  const { train: text, validation, manifest } = dataset
  const length = Math.min(options.context ?? Infinity, stacksOf(config)[0]?.context ?? 0)
  const task =
    options.task === 'mlm'
      ? masking(options, model, tokenizer, length)
      : plain(options, model, length)
  checkLength(text.length, task.textLength)
  // Many documents are packed one after the other; one long text is read from anywhere in it.
  const source = { seed: options.seed }
  const many = text.counts.documents > 1
  const { before, after } = manifest.marks
  if (many && before.length + after.length === 0)
    events.onMessage?.(
      `the tokenizer has no token for the end of a document: ${text.counts.documents} documents run into each other, and the model does not learn where one ends`,
    )
  const rows = many ? packedDocuments(text, source) : randomWindows(text, source)
  const batches = (): Iterable<AnyBatch> =>
    validation
      ? task.batches(evaluationBatches(validation, { rows: 8, length: task.textLength }))
      : []
  return trainingSession({
    options,
    engine,
    model,
    objective: task.objective,
    measured: task.measured,
    length,
    files: { tokenizer, chatTemplate, addBos: base?.addBos },
    defaults: horizon(config, text.length, length),
    reader: (count) => task.reader(batchReader(rows, { rows: count, length: task.textLength })),
    validation: validation && {
      batches,
      bytes: measuredBytes(validation, { bytes: validation.counts.bytes, tokenizer }),
    },
    // Perplexity and bits are of whole texts, and hidden tokens are a part.
    measure: options.task === 'mlm' ? async () => ({}) : undefined,
    trainingTokens: text.length,
    start:
      base && ((trainer) => copyParameters(base, trainer.values, { body: config !== base.config })),
    onResume: TRAIN_ON_RESUME,
    identity: {
      config,
      length,
      tokenizer: manifest.tokenizer,
      tokenizerOrigin: originOf(options),
    },
    events,
  })
}

/** How text is learned. */
interface TextTask {
  objective: ObjectiveBuilder
  measured: ObjectiveBuilder
  /** Tokens of text in an example. */
  textLength: number
  reader(text: BatchReader<Batch>): BatchReader
  batches(text: Iterable<Batch>): Iterable<AnyBatch>
}

const plain = (options: ParsedTrainOptions, model: Model, length: number): TextTask => ({
  objective: nextToken(model, length, { labelSmoothing: options.labelSmoothing }),
  measured: nextToken(model, length, { measured: true }),
  textLength: length,
  reader: (text) => text,
  batches: (text) => text,
})

function masking(
  { maskShare, seed }: ParsedTrainOptions,
  model: Model,
  tokenizer: Tokenizer,
  length: number,
): TextTask {
  const { maskId, vocabSize, clsId, sepId } = tokenizer
  if (!(model instanceof Encoder))
    throw new UserError('task mlm trains encoders; choose another style')
  if (maskId === undefined)
    throw new UserError('the tokenizer has no token that stands for a hidden one, such as [MASK]')
  const options: MaskingOptions = { maskId, vocabSize, clsId, sepId, share: maskShare }
  const inner = textLength(length, options)
  if (inner < 1)
    throw new UserError(`a context of ${length} has no room for text; give a larger --context`)
  const sizes = { length, hidden: hiddenCount(inner, options) }
  const objective: ObjectiveBuilder = (given) =>
    maskedLanguageModelObjective(model, { ...given, ...sizes })
  return {
    objective,
    measured: objective,
    textLength: inner,
    reader: (text) => maskedReader(text, options, { seed }),
    batches: (text) => maskedBatches(text, options),
  }
}

function configFor(
  options: ParsedTrainOptions,
  { vocabSize, padId }: Tokenizer,
  base: ModelConfig | undefined,
): ModelConfig {
  const mlm = { task: 'mlm' as const, labels: [] }
  const { task, style = task === 'mlm' ? 'bert' : 'gpt2' } = options
  if (!base)
    return modelConfig(
      { ...options, style },
      {
        ...{ vocabSize, padId, head: task === 'mlm' ? mlm : undefined },
      },
    )
  if (task === 'mlm') return withHead(base, mlm)
  if (base.kind === 'decoder') return base.head ? { ...base, head: undefined } : base
  throw new UserError(`task lm trains decoders; the model in ${options.model} is an ${base.kind}`)
}

function checkLength(tokens: number, context: number): void {
  if (tokens > context) return
  throw new UserError(
    `the training data has ${tokens} tokens, but a context of ${context} needs more; give more text or a smaller --context`,
  )
}
