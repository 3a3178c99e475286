import { evenly } from '../data/evenly.ts'
import { allExamples, type ExampleSet, exampleReader } from '../data/example-set.ts'
import { recordsHash } from '../data/records-hash.ts'
import type { Corpus } from '../data/sources/corpus.ts'
import { holdOut } from '../data/split.ts'
import { targetBytes } from '../data/target-bytes.ts'
import { UserError } from '../errors.ts'
import { type Model, stacksOf } from '../models/model.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import { type Expected, writtenNotice } from '../predict/completions.ts'
import {
  type DataSource,
  type HeadNeeds,
  type MeasuredRows,
  ROWS,
  type Scores,
  type Shape,
  type Subject,
  type Task,
  type Trained,
  type Values,
} from './task.ts'

/** Sizes of examples, in tokens. */
export interface Sizes {
  /** Of a text that is read. */
  length: number
  /** Of the text that is written, where one is read and another written. */
  targetLength: number
  /** Texts that are read together. */
  sources: number
}

/** A task whose data are records, which are all held in memory. */
export interface RecordTask<R, O extends Shape, L extends Shape>
  extends Pick<Task<O, L>, 'kinds' | 'architecture' | 'data' | 'options' | 'learning'> {
  /** Throws UserError with the file and the line at fault. */
  read(corpus: Corpus, report: DataSource['report']): AsyncIterable<R>
  /** The texts of a record, by which a tokenizer is trained. */
  texts(record: R): readonly string[]
  /** What the head is for, and the labels of the records; none for models that write. */
  head?(records: readonly R[]): HeadNeeds
  /** Each label has the same share of what is held out. */
  labelOf?(record: R): string
  /** Texts that each record gives to read together. */
  sourcesEach?(records: readonly R[]): number
  examples(records: readonly R[], subject: Subject, sizes: Sizes): ExampleSet
  objective(
    model: Model,
    options: Sizes & Values<O> & Partial<Values<L>> & { evaluation: boolean },
  ): ObjectiveBuilder
  /** Measures besides the loss, by name. */
  score?(trained: Trained, records: readonly R[], sizes: Sizes): Promise<Scores>
  /** What a model is to write. */
  expected?(records: readonly R[], subject: Subject, sizes: Sizes): Expected[]
  /** Targets stand for a text, of which perplexity and bits per byte are told. */
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
export function recordTask<R, O extends Shape, L extends Shape>(
  definition: RecordTask<R, O, L>,
): Task<O, L> {
  const { head, labelOf, score, expected, isText, packed, wholeBatch } = definition
  type Options = Values<O> & Partial<Values<L>>

  const read = async (corpus: Corpus, report: DataSource['report']): Promise<R[]> => {
    const records: R[] = []
    for await (const record of definition.read(corpus, report)) records.push(record)
    return records
  }
  const sizesOf = (
    records: readonly R[],
    { model }: Subject,
    { length: most, options }: { length: number; options: object },
  ): Sizes => {
    const { config } = model
    const cut = ('head' in config && config.head?.maxTokens) || Infinity
    const length = Math.min(most, cut)
    const { targetContext: targetLength = length } = options as { targetContext?: number }
    const longest = stacksOf(config).at(-1)?.context ?? 0
    if (targetLength > longest)
      throw new UserError(
        `targetContext is ${targetLength}, but the model writes ${longest} tokens`,
      )
    return { length, targetLength, sources: definition.sourcesEach?.(records) ?? 1 }
  }
  /** Examples of each part, in rows that are as short as the longest of all. */
  const fitted = (parts: readonly (readonly R[])[], subject: Subject, given: Sizes) => {
    const encode = (sizes: Sizes) =>
      parts.map((records) => definition.examples(records, subject, sizes))
    const longest = Math.max(...encode(given).map((set) => set.longest))
    const sizes = {
      ...given,
      length: Math.min(given.length, longest),
      targetLength: Math.min(given.targetLength, longest),
    }
    return { sets: encode(sizes), sizes }
  }
  const objective = (model: Model, sizes: Sizes, options: Options, evaluation: boolean) =>
    definition.objective(model, {
      ...options,
      ...(evaluation && { labelSmoothing: 0 }),
      ...sizes,
      evaluation,
    } as unknown as Parameters<typeof definition.objective>[1])
  const measured = (
    records: readonly R[],
    set: ExampleSet,
    { subject, sizes, rows }: { subject: Subject; sizes: Sizes; rows: number },
  ): MeasuredRows => {
    const batches = () => allExamples(set, { rows, whole: wholeBatch })
    return {
      batches,
      bytes: isText ? targetBytes(batches(), subject.tokenizer) : undefined,
      score: score && ((trained) => score(trained, records, sizes)),
      expected: expected?.(evenly(records, SHOWN), subject, sizes),
    }
  }

  return {
    ...definition,
    open: async (source, options) => {
      const { corpus, validation, seed, shuffle, report, tell } = source
      const all = await read(corpus, report)
      const [records, held] =
        typeof validation === 'number'
          ? holdOut(all, { share: validation, seed, shuffle, labelOf })
          : [all, await read(validation, report)]
      if (records.length === 0) throw new UserError('the data holds no records to learn from')
      checkHeld(held, validation, records.length, tell)
      const both = [...records, ...held]
      const texts = () => both.flatMap((record) => definition.texts(record))
      return {
        head: head?.(both),
        texts,
        bytes: async () => texts().reduce((total, text) => total + Buffer.byteLength(text), 0),
        close: () => {},
        prepare: async (subject, most) => {
          const { model } = subject
          const parts = held.length > 0 ? [records, held] : [records]
          const given = sizesOf(both, subject, { length: most, options })
          const { sets, sizes } = definition.fitted
            ? fitted(parts, subject, given)
            : { sets: parts.map((one) => definition.examples(one, subject, given)), sizes: given }
          const [learned, validated] = sets as [ExampleSet, ExampleSet?]
          for (const [i, set] of sets.entries())
            if (set.count === 0)
              throw nothingFits(i === 0 ? 'to learn from' : 'for validation', sizes)
          const length = learned.collate([0]).length
          return {
            length,
            objective: objective(model, sizes, options, false),
            evaluationObjective: objective(model, sizes, options, true),
            wholeBatch,
            most: packed ? undefined : learned.count,
            trainingTokens: learned.count * length,
            reader: (rows) => exampleReader(learned, { rows, seed }),
            validation:
              validated &&
              ((batch) => {
                const rows = Math.min(packed ? ROWS : batch, validated.count)
                return measured(held, validated, { subject, sizes, rows })
              }),
            identity: {
              length: sizes.length,
              targetLength: sizes.targetLength,
              records: recordsHash([records, held]),
            },
            notices: [
              ...learned.notices,
              ...(validated?.notices ?? []).map((notice) => `for validation: ${notice}`),
              ...(expected ? writtenNotice(held.length) : []),
            ],
          }
        },
      }
    },
    measure: async ({ corpus, report }, subject, options) => {
      const records = await read(corpus, report)
      if (records.length === 0)
        throw new UserError('there is nothing to measure: the data is empty')
      const length = stacksOf(subject.model.config)[0]?.context ?? 0
      const { sets, sizes } = fitted(
        [records],
        subject,
        sizesOf(records, subject, { length, options }),
      )
      const [set] = sets as [ExampleSet]
      if (set.count === 0) throw nothingFits('to measure', sizes)
      const each = set.collate([0]).length
      const rows = wholeBatch ? Math.max(2, Math.round(WHOLE_BATCH / each)) : ROWS
      if (wholeBatch && set.count < 2) throw new UserError(TOO_FEW)
      return {
        ...measured(records, set, { subject, sizes, rows: Math.min(rows, set.count) }),
        length: each,
        evaluationObjective: objective(subject.model, sizes, options as Options, true),
        wholeBatch,
        notices: [...set.notices, ...(expected ? writtenNotice(records.length) : [])],
      }
    },
  }
}

export const TOO_FEW =
  'the loss compares the examples of a batch; give two records or more, and a batch of 2 or more'

const nothingFits = (what: string, { length }: Sizes): UserError =>
  new UserError(`no record ${what} fits into ${length} tokens; give a larger --context`)

/**
 * Tells where a share leaves no record to validate on. Throws UserError where a source of its own
 * has none.
 */
function checkHeld(
  held: readonly unknown[],
  validation: number | Corpus,
  learned: number,
  tell: (notice: string) => void,
): void {
  if (held.length > 0 || validation === 0) return
  if (typeof validation !== 'number') throw new UserError('the validation data holds no records')
  tell(
    `the data is too small (${learned}) to keep a share of ${validation} for validation: how well ` +
      'it is learned is not measured',
  )
}
