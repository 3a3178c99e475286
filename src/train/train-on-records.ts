import { evenly } from '../data/evenly.ts'
import type { Corpus } from '../data/sources/corpus.ts'
import { parsedRecords } from '../data/sources/faults.ts'
import { holdOut } from '../data/split.ts'
import { allExamples, exampleReader } from '../data/tasks/example-set.ts'
import { UserError } from '../errors.ts'
import { kindOfArchitecture } from '../models/architectures/index.ts'
import type { HeadConfig } from '../models/head-config.ts'
import { createModel, type ModelConfig, stacksOf } from '../models/model.ts'
import { writtenNotice } from '../predict/completions.ts'
import { type RecordTaskName, recordTask } from '../tasks/index.ts'
import type { RecordTask } from '../tasks/task.ts'
import { tokenizerHash } from '../text/hash.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { copyParameters } from './copy-parameters.ts'
import { horizon, modelConfig, withHead } from './dial.ts'
import { TRAIN_ON_RESUME } from './on-resume.ts'
import { recordsHash } from './records-hash.ts'
import { type TrainResult, trainingSession } from './session.ts'
import { originOf, tokenizerForTexts } from './tokenizer-for.ts'
import { checkBase, checkHeld, type TrainingParts } from './training-parts.ts'

/** Held-out examples that are shown while a model learns. */
const SHOWN = 3

/** Learns from records, each of which says what is to be given for it. */
export async function trainOnRecords(
  parts: TrainingParts,
  name: RecordTaskName,
): Promise<TrainResult> {
  const { options, engine, corpus, validation, base, events } = parts
  const { seed, labelSmoothing, temperature } = options
  if (base) checkBase(options, base)
  const task = recordTask(name)
  const architecture = options.architecture ?? task.architecture
  const kind = base?.config.kind ?? kindOfArchitecture(architecture)
  if (!task.kinds.includes(kind))
    throw new UserError(
      'task ' +
        `${name} trains ${task.kinds.join('s and ')}s, and this model is of the kind ${kind}; ${otherTask(name, kind)}choose another architecture or model`,
    )
  const all = await readRecords(task, corpus)
  const [records, held] = validation
    ? [all, await readRecords(task, validation)]
    : holdOut(all, {
        share: options.val as number,
        seed,
        shuffle: options.shuffle,
        labelOf: task.labelOf,
      })
  if (records.length === 0) throw new UserError('the data holds no records to learn from')
  checkHeld(held, { val: options.val, learned: records }, events)
  const head = task.head?.([...records, ...held])
  const texts = () => textsOf(task, [...records, ...held])
  const { tokenizer, chatTemplate } = await tokenizerForTexts(options, texts, { kind, base })
  // A model of one's own has room for what it writes, too.
  const context = options.context && Math.max(options.context, options.targetContext ?? 0)
  const config = configFor(parts, { ...options, context, architecture }, tokenizer, head)
  const model = createModel(config)
  const [first] = stacksOf(config)
  const cut = ('head' in config && config.head?.maxTokens) || Infinity
  const reading = { tokenizer, addBos: base?.addBos }
  const needed = task.longest?.([...records, ...held], reading) ?? Infinity
  const length = Math.min(options.context ?? Infinity, first?.context ?? 0, cut, needed)
  const targetLength = options.targetContext ?? length
  const longest = stacksOf(config).at(-1)?.context ?? 0
  if (targetLength > longest)
    throw new UserError(`targetContext is ${targetLength}, but the model writes ${longest} tokens`)
  const sources = task.sourcesEach?.([...records, ...held]) ?? 1
  const sizes = { length, targetLength, sources }
  const learned = task.examples(records, reading, model, sizes)
  const validated = held.length > 0 ? task.examples(held, reading, model, sizes) : undefined
  if (learned.notice) events.onMessage?.(learned.notice)
  if (validated?.notice) events.onMessage?.(`for validation: ${validated.notice}`)
  if (learned.count === 0 || validated?.count === 0)
    throw new UserError(
      'no record ' +
        `${learned.count === 0 ? 'to learn from' : 'for validation'} fits into ${length} tokens; give a larger --context`,
    )
  const each = learned.collate([0]).length
  const defaults = horizon(config, learned.count * each, each)
  const batch = Math.min(options.batch ?? defaults.batch, learned.count)
  if (options.batch !== undefined && batch < options.batch)
    events.onMessage?.(`a batch has ${batch} records, not ${options.batch}: there are no more`)
  for (const notice of task.expected ? writtenNotice(held.length) : []) events.onMessage?.(notice)
  if (task.wholeBatch && batch < 2)
    throw new UserError(
      `${name} compares the examples of a batch; give two records or more, and a batch of 2 or more`,
    )
  const objective = task.objective(model, { ...sizes, labelSmoothing, temperature })
  return trainingSession({
    options,
    batch,
    engine,
    model,
    init: options.init,
    objective,
    evaluationObjective: task.objective(model, {
      ...sizes,
      labelSmoothing: 0,
      temperature,
      evaluation: true,
    }),
    wholeBatch: task.wholeBatch,
    length: each,
    files: { tokenizer, chatTemplate, addBos: base?.addBos },
    defaults,
    reader: (rows) => exampleReader(learned, { rows, seed }),
    validation: validated && {
      batches: () =>
        allExamples(validated, { rows: Math.min(batch, validated.count), whole: task.wholeBatch }),
      bytes: bytesOf(textsOf(task, held)),
    },
    expected:
      held.length > 0 ? task.expected?.(evenly(held, SHOWN), reading, model, sizes) : undefined,
    measure:
      held.length > 0
        ? (parameters, signal) => {
            const weights = { live: parameters }
            return task.measure({ engine, model, ...reading, weights, signal }, held, sizes)
          }
        : undefined,
    trainingTokens: learned.count * each,
    start:
      base && ((trainer) => copyParameters(base, trainer.values, { body: config !== base.config })),
    onResume: TRAIN_ON_RESUME,
    identity: {
      config,
      tokenizer: tokenizerHash(tokenizer),
      tokenizerOrigin: originOf(options),
      length,
      targetLength,
      records: recordsHash([records, held]),
    },
    events,
  })
}

/** Another task that does for this kind of model what was asked for. */
function otherTask(name: RecordTaskName, kind: ModelConfig['kind']): string {
  if (name === 'seq2seq' && kind === 'decoder')
    return (
      'a decoder learns to write one text after another by --task completion, from {"prompt": ' +
      '"...", "completion": "..."}; or '
    )
  if (name === 'completion' && kind === 'encoder-decoder')
    return (
      'an encoder-decoder learns to write one text from another by --task seq2seq, from ' +
      '{"source": "...", "target": "..."}; or '
    )
  return ''
}

async function readRecords(task: RecordTask<unknown>, corpus: Corpus): Promise<unknown[]> {
  const records: unknown[] = []
  for await (const record of parsedRecords(corpus, task.parse)) records.push(record)
  return records
}

const textsOf = (task: RecordTask<unknown>, records: readonly unknown[]): string[] =>
  records.flatMap((record) => task.texts(record))

function configFor(
  { base }: TrainingParts,
  options: TrainingParts['options'],
  { vocabSize, bosId, padId = 0 }: Tokenizer,
  head: Pick<HeadConfig, 'task' | 'labels'> | undefined,
): ModelConfig {
  if (!base) return modelConfig(options, { vocabSize, head, startId: bosId ?? padId, padId })
  if (head) return withHead(base.config, head)
  const { config } = base
  return config.kind === 'decoder' && config.head ? { ...config, head: undefined } : config
}

const bytesOf = (texts: readonly string[]): number =>
  texts.reduce((total, text) => total + new TextEncoder().encode(text).length, 0)
