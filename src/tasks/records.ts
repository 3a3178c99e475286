import { evenly } from '../data/evenly.ts'
import { allExamples, type ExampleSet, exampleReader } from '../data/example-set.ts'
import { joinSets } from '../data/join-sets.ts'
import { shareNotices } from '../data/readers/mixture.ts'
import { recordsHash } from '../data/records-hash.ts'
import type { Corpus } from '../data/sources/corpus.ts'
import { holdOut } from '../data/split.ts'
import { targetBytes } from '../data/target-texts.ts'
import { UserError } from '../errors.ts'
import type { Item } from '../metrics/item.ts'
import type { MeasureName } from '../metrics/measures/index.ts'
import { type Model, stacksOf } from '../models/model.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import { type Expected, writtenNotice } from '../predict/completions.ts'
import {
  type HeadNeeds,
  type MeasuredRows,
  ROWS,
  type Shape,
  type SourcePart,
  type Subject,
  type Task,
  type TaskRecords,
  type Trained,
  type TrainingRows,
  type TrainingSource,
  type Values,
} from './task.ts'
import { variedExamples } from './varied-examples.ts'

/** Sizes of examples, in tokens. */
export interface Sizes {
  /** Of a text that is read. */
  length: number
  /** Of the text that is written, where one is read and another written. */
  targetLength: number
  /** Texts that are read together. */
  sources: number
}

/** How a training begins: see `TrainingRows`. */
export interface Beginning extends Pick<TrainingSource, 'folder' | 'tell'> {
  resumes: boolean
}

/** A task whose data are records, which are all held in memory. */
export interface RecordTask<R, O extends Shape, L extends Shape, S extends ExampleSet = ExampleSet>
  extends Pick<Task<O, L>, 'kinds' | 'architecture' | 'data' | 'options' | 'learning'>,
    TaskRecords<R, Values<O> & Partial<Values<L>>> {
  /** What the head is for, and the labels of the records; none for models that write. */
  head?(records: readonly R[]): HeadNeeds
  /** Each label has the same share of what is held out. */
  labelOf?(record: R): string
  /** Texts that each record gives to read together. */
  sourcesEach?(records: readonly R[]): number
  examples(records: readonly R[], subject: Subject, sizes: Sizes): S
  objective(
    model: Model,
    options: Sizes & Values<O> & Partial<Values<L>> & { evaluation: boolean },
  ): ObjectiveBuilder
  /** Adds to the examples what the weights that training starts from say of them. */
  begin?(
    sets: readonly S[],
    start: Trained,
    options: Beginning & Values<O> & Values<L>,
  ): Promise<void>
  /** Makes what sees the figures of each step: see `TrainingRows`. */
  watch?(): NonNullable<TrainingRows['watch']>
  /** What is computed of rows and of the items of `score`, whose ids are numbers of records. */
  measures: readonly MeasureName[]
  score?(trained: Trained, records: readonly R[], sizes: Sizes): Promise<Item[]>
  /** What a model is to write. */
  expected?(records: readonly R[], subject: Subject, sizes: Sizes): Expected[]
  /** Targets are a text: perplexity and bits per byte are reported. */
  isText?: boolean
  /** Rows are as short as the longest record, also in training. */
  fitted?: boolean
  /** Several records share a row, and a batch may have more rows than there are. */
  packed?: boolean
  wholeBatch?: boolean
}

/** Held-out examples that are shown while a model learns. */
const SHOWN = 3

/** Tokens of a batch that is measured whole: about those of a training's batch. */
const WHOLE_BATCH = 4096

/** The task that such records make. */
export function recordTask<R, O extends Shape, L extends Shape, S extends ExampleSet = ExampleSet>(
  definition: RecordTask<R, O, L, S>,
): Task<O, L> {
  const { head, labelOf, begin, watch, score, measures } = definition
  const { expected, isText, packed, wholeBatch } = definition

  const read = async (...source: Parameters<typeof definition.read>): Promise<R[]> => {
    const records: R[] = []
    for await (const record of definition.read(...source)) records.push(record)
    return records
  }
  /** Examples of each part in rows of one length: at most `length`, or `fitted` to the longest. */
  const encode = (
    parts: readonly (readonly R[])[],
    subject: Subject,
    given: { length: number; targetContext?: number | undefined; fitted?: boolean | undefined },
  ) => {
    const { config } = subject.model
    const length = Math.min(given.length, ('head' in config && config.head?.maxTokens) || Infinity)
    const { targetContext: targetLength = length } = given
    const most = stacksOf(config).at(-1)?.context ?? 0
    if (targetLength > most)
      throw new UserError(`targetContext is ${targetLength}, but the model writes ${most} tokens`)
    const sources = definition.sourcesEach?.(parts.flat()) ?? 1
    const encodeIn = (sizes: Sizes) => {
      const sets = parts.map((records) => definition.examples(records, subject, sizes))
      return { sets, sizes }
    }
    const whole = encodeIn({ length, targetLength, sources })
    const longest = Math.max(...whole.sets.map((set) => set.longest))
    if (!given.fitted || longest >= Math.max(length, targetLength)) return whole
    const shortened = (size: number) => Math.min(size, longest)
    return encodeIn({
      length: shortened(length),
      targetLength: shortened(targetLength),
      sources,
    })
  }
  const objective = (
    model: Model,
    options: Sizes & Values<O> & Partial<Values<L>>,
    evaluation: boolean,
  ): ObjectiveBuilder => {
    const unsmoothed = evaluation && { labelSmoothing: 0 }
    return definition.objective(model, { ...options, ...unsmoothed, evaluation })
  }
  const measured = (
    records: readonly R[],
    set: ExampleSet,
    { subject, sizes, rows }: { subject: Subject; sizes: Sizes; rows: number },
  ): MeasuredRows => {
    const batches = () => allExamples(set, { rows: Math.min(rows, set.count), whole: wholeBatch })
    return {
      batches,
      bytes: isText ? targetBytes(batches(), subject.tokenizer) : undefined,
      ids: set.kept?.map((index) => String(index + 1)),
      measures,
      score: score && ((trained) => score(trained, records, sizes)),
      expected: expected?.(evenly(records, SHOWN), subject, sizes),
    }
  }

  return {
    ...definition,
    records: definition as TaskRecords,
    open: async (source, options) => {
      const { augmenter, folder, report, tell } = source
      const { learnedFrom, held } = await readParts(
        source,
        (corpus) => read(corpus, report, options),
        labelOf,
      )
      const lists = [...learnedFrom.map(({ records }) => records), held]
      const both = lists.flat()
      const texts = () => both.flatMap((record) => definition.texts(record))
      return {
        head: head?.(both),
        texts,
        bytes: async () => texts().reduce((total, text) => total + Buffer.byteLength(text), 0),
        close: () => {},
        prepare: async (subject, most) => {
          const { fitted } = definition
          const given = { ...options, length: most, fitted }
          const encoded = lists.filter((records) => records.length > 0)
          const { sets, sizes } = encode(encoded, subject, given)
          const { length: longest, targetLength } = sizes
          const mixed = learnedFrom.map(({ name, weight, records }, i) => {
            const set = sets[i] as ExampleSet
            const origin = learnedFrom.length > 1 ? `of ${name} ` : ''
            if (set.count === 0) throw nothingFits(`${origin}to learn from`, longest)
            if (!augmenter) return { name, weight, set }
            const vary =
              set.vary ??
              variedExamples(records, set, {
                varied: definition.varied,
                encode: (some) => definition.examples(some, subject, sizes),
                whole: fitted,
              })
            return { name, weight, set: { ...set, vary } }
          })
          const learned = joinSets(mixed)
          const validated = sets[learnedFrom.length]
          if (validated?.count === 0) throw nothingFits('for validation', longest)
          const { length } = learned.collate([0])
          const { model } = subject
          return {
            length,
            objective: objective(model, { ...options, ...sizes }, false),
            evaluationObjective: objective(model, { ...options, ...sizes }, true),
            objectiveOf: (other) => objective(other, { ...options, ...sizes }, true),
            examples: augmenter ? undefined : learned,
            wholeBatch,
            most: packed ? undefined : learned.count,
            trainingTokens: learned.count * length,
            reader: (rows) => exampleReader(learned, { rows, seed: source.seed, augmenter }),
            begin:
              begin &&
              ((start, { resumes }) => begin(sets, start, { ...options, folder, tell, resumes })),
            watch: watch?.(),
            validation:
              validated &&
              ((batch) =>
                measured(held, validated, { subject, sizes, rows: packed ? ROWS : batch })),
            identity: {
              length: longest,
              targetLength,
              records: recordsHash(lists),
            },
            notices: [
              ...shareNotices(
                mixed.map(({ set, ...part }) => ({ ...part, count: set.count })),
                'rows',
              ),
              ...learned.notices,
              ...(validated?.notices ?? []).map((notice) => `for validation: ${notice}`),
              ...(expected ? writtenNotice(held.length) : []),
            ],
          }
        },
      }
    },
    measure: async ({ corpus, report }, subject, options) => {
      const { model } = subject
      const records = await read(corpus, report, options as Parameters<typeof definition.read>[2])
      if (records.length === 0)
        throw new UserError('there is nothing to measure: the data is empty')
      const context = stacksOf(model.config)[0]?.context ?? 0
      const { sets, sizes } = encode([records], subject, {
        ...options,
        length: context,
        fitted: true,
      })
      const [set] = sets as [S]
      if (set.count < (wholeBatch ? 2 : 1))
        throw new UserError(
          set.count === 1
            ? TOO_FEW
            : `no record to measure fits into the ${sizes.length} tokens that the model reads`,
        )
      const { length } = set.collate([0])
      const rows = wholeBatch ? wholeRows(set.count, length) : ROWS
      const left = wholeBatch ? set.count % rows : 0
      const given = { ...options, ...sizes } as Parameters<typeof objective>[1]
      const objectiveOf = (other: Model) => objective(other, given, true)
      return {
        ...measured(records, set, { subject, sizes, rows }),
        length,
        evaluationObjective: objectiveOf(model),
        objectiveOf,
        wholeBatch,
        notices: [
          ...set.notices,
          ...(left > 0 ? [leftNotice(set.count, rows)] : []),
          ...(expected ? writtenNotice(records.length) : []),
        ],
      }
    },
  }
}

/** Rows of batches of about `WHOLE_BATCH` tokens at most, so that few of `count` are left out. */
function wholeRows(count: number, length: number): number {
  const most = Math.max(2, Math.round(WHOLE_BATCH / length))
  return Math.max(2, Math.floor(count / Math.ceil(count / most)))
}

const leftNotice = (count: number, rows: number): string =>
  `the loss is of ${count - (count % rows)} of ${count} records: it compares the records of a ` +
  `batch, and all batches have ${rows}`

export const TOO_FEW =
  'the loss compares the examples of a batch; give two records or more, and a batch of 2 or more'

const nothingFits = (what: string, length: number): UserError =>
  new UserError(`no record ${what} fits into ${length} tokens; give a larger --context`)

/**
 * The records of each source to learn from, and those to validate on: a share of each, or all of a
 * source of its own. Tells where a source is too small for that. Throws UserError where there are
 * none.
 */
export async function readParts<R>(
  source: TrainingSource,
  read: (corpus: Corpus) => Promise<R[]>,
  labelOf?: (record: R) => string,
): Promise<{ learnedFrom: (SourcePart & { records: R[] })[]; held: R[] }> {
  const { validation, seed, shuffle, tell } = source
  const learnedFrom: (SourcePart & { records: R[] })[] = []
  const held: R[] = []
  for (const part of source.parts) {
    const all = await read(part.corpus)
    const [records, share] =
      typeof validation === 'number'
        ? holdOut(all, { share: validation, seed, shuffle, labelOf })
        : [all, []]
    const name = source.parts.length > 1 ? part.name : 'the data'
    if (records.length === 0) throw new UserError(`${name} has no records to learn from`)
    if (typeof validation === 'number' && validation > 0 && share.length === 0)
      tell(tooSmall(name, records.length, validation))
    learnedFrom.push({ ...part, records })
    for (const record of share) held.push(record)
  }
  if (typeof validation !== 'number') {
    for (const record of await read(validation)) held.push(record)
    if (held.length === 0) throw new UserError('the validation data has no records')
  }
  return { learnedFrom, held }
}

const tooSmall = (name: string, count: number, share: number): string =>
  `${name} is too small (${count}) to keep a share of ${share} for validation: how well it is ` +
  'learned is not measured'
