import { join } from 'node:path'
import { type Dataset, prepareDataset } from '../data/store/dataset.ts'
import {
  type MaskingOptions,
  maskedBatches,
  maskedCount,
  maskedReader,
  textLength,
} from '../data/tasks/masked-tokens.ts'
import { UserError } from '../errors.ts'
import { kindOfArchitecture } from '../models/architectures/index.ts'
import { Encoder } from '../models/encoder.ts'
import { createModel, type Model, type ModelConfig, stacksOf } from '../models/model.ts'
import { nextToken } from '../objectives/language-model.ts'
import { maskedLanguageModelObjective } from '../objectives/masked-language-model.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { copyParameters } from './copy-parameters.ts'
import { horizon, modelConfig, withHead } from './dial.ts'
import { TRAIN_ON_RESUME } from './on-resume.ts'
import type { ParsedTrainOptions } from './options.ts'
import { type TrainResult, trainingSession } from './session.ts'
import { packedExamples, type TextExamples, wholeExamples } from './text-examples.ts'
import { type ChosenTokenizer, originOf, tokenizerForText } from './tokenizer-for.ts'
import { checkBase, type TrainingParts } from './training-parts.ts'

/** Learns the next token of text, or masked ones. */
export async function trainOnText(parts: TrainingParts): Promise<TrainResult> {
  const { options, corpus, validation, base, report } = parts
  const { out, resume, task, val, seed, shuffle, documents } = options
  if (base) checkBase(options, base)
  const corpora = validation ? [corpus, validation] : [corpus]
  const kind = task === 'mlm' ? 'encoder' : 'decoder'
  const given =
    base?.config.kind ?? (options.architecture && kindOfArchitecture(options.architecture)) ?? kind
  if (given !== kind)
    throw new UserError(
      'task ' +
        `${task} trains ${kind}s, and this model is of the kind ${given}; choose another architecture or model, or another task`,
    )
  const chosen = await tokenizerForText(options, corpora, { kind, base })
  const dataset = await prepareDataset({
    folder: join(out, 'data'),
    corpus,
    validation: validation ?? (val as number),
    seed: shuffle ? seed : undefined,
    whole: documents === 'whole',
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
  const length = Math.min(options.context ?? Infinity, stacksOf(config)[0]?.context ?? 0)
  const { objective, evaluationObjective, examples } =
    options.task === 'mlm'
      ? masking(options, dataset, model, tokenizer, length)
      : nextTokens(options, dataset, model, tokenizer, length)
  for (const notice of examples.notices) events.onMessage?.(notice)
  const { reader, validation, expected, trainingTokens } = examples
  const isWhole = options.documents === 'whole'
  return trainingSession({
    options,
    engine,
    model,
    init: options.init,
    objective,
    evaluationObjective,
    length: examples.length,
    // A model that has only seen whole documents needs the token that they begin with.
    files: { tokenizer, chatTemplate, addBos: isWhole || base?.addBos },
    defaults: horizon(config, trainingTokens, examples.length),
    reader,
    validation,
    expected,
    // Perplexity and bits are of whole texts, and masked tokens are a part.
    measure: options.task === 'mlm' ? async () => ({}) : undefined,
    trainingTokens,
    start:
      base && ((trainer) => copyParameters(base, trainer.values, { body: config !== base.config })),
    onResume: TRAIN_ON_RESUME,
    identity: {
      config,
      length: examples.length,
      tokenizer: dataset.manifest.tokenizer,
      tokenizerOrigin: originOf(options),
    },
    events,
  })
}

/** How text is learned. */
interface TextTask {
  objective: ObjectiveBuilder
  evaluationObjective: ObjectiveBuilder
  examples: TextExamples
}

function nextTokens(
  { seed, documents, labelSmoothing }: ParsedTrainOptions,
  dataset: Dataset,
  model: Model,
  tokenizer: Tokenizer,
  length: number,
): TextTask {
  const cut = documents === 'whole' ? wholeExamples : packedExamples
  const examples: TextExamples = cut(dataset, { length, seed, tokenizer })
  return {
    objective: nextToken(model, examples.length, { labelSmoothing }),
    evaluationObjective: nextToken(model, examples.length, { evaluation: true }),
    examples,
  }
}

function masking(
  { maskProbability, seed }: ParsedTrainOptions,
  dataset: Dataset,
  model: Model,
  tokenizer: Tokenizer,
  length: number,
): TextTask {
  const { maskId, vocabSize, clsId, sepId } = tokenizer
  if (!(model instanceof Encoder))
    throw new UserError('task mlm trains encoders; choose another architecture')
  if (maskId === undefined)
    throw new UserError(
      'the tokenizer has no mask token, such as [MASK]; give one that has, or leave ' +
        '--tokenizer out',
    )
  const options: MaskingOptions = { maskId, vocabSize, clsId, sepId, probability: maskProbability }
  const inner = textLength(length, options)
  if (inner < 1)
    throw new UserError(`a context of ${length} has no room for text; give a larger --context`)
  const sizes = { length, masked: maskedCount(inner, options) }
  const objective: ObjectiveBuilder = (given) =>
    maskedLanguageModelObjective(model, { ...given, ...sizes })
  const text = packedExamples(dataset, { length: inner, seed, tokenizer })
  const { validation } = text
  return {
    objective,
    evaluationObjective: objective,
    examples: {
      ...text,
      length,
      reader: (rows) => maskedReader(text.reader(rows), options, { seed }),
      validation: validation && {
        ...validation,
        batches: () => maskedBatches(validation.batches(), options),
      },
    },
  }
}

function configFor(
  options: ParsedTrainOptions,
  { vocabSize, padId }: Tokenizer,
  base: ModelConfig | undefined,
): ModelConfig {
  const mlm = { task: 'mlm' as const, labels: [] }
  const { task, architecture = task === 'mlm' ? 'bert' : 'gpt2' } = options
  if (!base)
    return modelConfig(
      { ...options, architecture },
      {
        vocabSize,
        padId,
        head: task === 'mlm' ? mlm : undefined,
      },
    )
  if (task === 'mlm') return withHead(base, mlm)
  if (base.kind === 'decoder') return base.head ? { ...base, head: undefined } : base
  throw new UserError(`task lm trains decoders; the model in ${options.model} is an ${base.kind}`)
}
