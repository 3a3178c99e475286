import { z } from 'zod'
import type { Augmenter, Variation } from '../data/augment/augmenter.ts'
import type { Examples } from '../data/batch.ts'
import type { ExampleSet } from '../data/example-set.ts'
import type { BatchSource } from '../data/readers/reader.ts'
import type { Corpus } from '../data/sources/corpus.ts'
import type { DataEvent } from '../data/sources/data-event.ts'
import type { Estimate } from '../metrics/estimate.ts'
import type { Item } from '../metrics/item.ts'
import type { MeasureName } from '../metrics/measures/index.ts'
import type { ArchitectureName } from '../models/architectures.ts'
import type { HeadConfig } from '../models/head-config.ts'
import type { Model, ModelConfig } from '../models/model.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import { resumedAs } from '../options.ts'
import type { Expected } from '../predict/completions.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

/** Options, as zod describes them, and their values. */
export type Shape = z.ZodRawShape
export type Values<S extends Shape> = z.output<z.ZodObject<S>>

/** What a model is for, and the labels that its data have. */
export type HeadNeeds = Pick<HeadConfig, 'task' | 'labels'>

/**
 * One thing that a model can learn: the form of its data, the models that learn it, its objective,
 * its measures and its options. `train`, `tune` and `evaluate` all work by this record.
 */
export interface Task<O extends Shape = Shape, L extends Shape = Shape> {
  /** Kinds of model that learn it. */
  readonly kinds: readonly ModelConfig['kind'][]
  /** Where the user names none. */
  readonly architecture: ArchitectureName
  /** What its data are: an example of a record, or text. */
  readonly data: string
  /** Options of its own: of training and evaluation, and of training (learning) alone. */
  readonly options: O
  readonly learning: L
  /** Its records, where its data are records. */
  readonly records?: TaskRecords | undefined
  /** Reads data to train on. Throws UserError with the file and the line at fault. */
  open(source: TrainingSource, options: Values<O> & Values<L>): Promise<TrainingData>
  /** Reads data to measure a model on. Throws UserError with the file and the line at fault. */
  measure(source: DataSource, subject: Subject, options: Values<O>): Promise<Evaluation>
}

/** Records, one by one. */
export interface TaskRecords<R = unknown, O = object> {
  /** Throws UserError with the file and the line at fault. */
  read(corpus: Corpus, report: DataSource['report'], options: O): AsyncIterable<R>
  /** The texts of a record, by which a tokenizer is trained. */
  texts(record: R): readonly string[]
  /** A record whose texts to read are varied; what is to be learned of them stays as it is. */
  varied(record: R, variation: Variation): R
}

/** Where data comes from. */
export interface DataSource {
  corpus: Corpus
  report(event: DataEvent): void
}

/** Sources that are read as one, and how much they count beside others. */
export interface SourcePart {
  /** As the user named them. */
  name: string
  corpus: Corpus
  /** Text that is learned from besides; nothing of it is held out. */
  added?: Corpus | undefined
  weight: number
}

export interface TrainingSource extends Pick<DataSource, 'report'> {
  /** All sources together; or each, where their rows are mixed by weight. */
  parts: readonly SourcePart[]
  /** To validate on: a share of each part, or a corpus of its own. */
  validation: number | Corpus
  /** Draws the share. */
  seed: number
  /** Draws it at random; false takes the end of the data. */
  shuffle: boolean
  /** Where what is made of the data is kept. */
  folder: string
  /** A training resumes, which needs the same data as before. */
  resume: boolean
  /** Varies what is learned from, never what is measured. */
  augmenter?: Augmenter | undefined
  signal?: AbortSignal | undefined
  /** Tells the user a line. */
  tell(notice: string): void
}

/** Data to train on, before it is known what model and tokenizer read it. */
export interface TrainingData {
  readonly head?: HeadNeeds | undefined
  /** All texts, by which a tokenizer is trained, and about how many bytes they have. */
  texts(): Iterable<string> | AsyncIterable<string>
  bytes(): Promise<number>
  /** Rows of at most `length` tokens. Throws UserError where there are none. */
  prepare(subject: Subject, length: number): Promise<TrainingRows>
  close(): void
}

/** A model, and how text is given to it. */
export interface Subject {
  model: Model
  tokenizer: Tokenizer
  addBos?: boolean | undefined
  chatTemplate?: string | undefined
}

/** What is minimized. */
export interface TaskObjective {
  /** Tokens of a row. */
  length: number
  /** Without what only training minimizes, such as label smoothing. */
  evaluationObjective: ObjectiveBuilder
  /** The evaluation objective of another model that reads the same rows, such as a teacher. */
  objectiveOf(model: Model): ObjectiveBuilder
  /** The loss compares the rows of a batch with each other: batches are not cut. */
  wholeBatch?: boolean | undefined
  /** What the user should know about the data. */
  notices: readonly string[]
}

/** Rows to learn from. */
export interface TrainingRows extends TaskObjective {
  objective: ObjectiveBuilder
  /** Rows of one pass, where a batch has no more of them. */
  most?: number | undefined
  /** Rows of a batch, where the user sets none. */
  batch?: number | undefined
  /** Tokens of one pass. */
  trainingTokens: number
  /** Batches of so many rows, without end; they may be made with the weights that `begin` saw. */
  reader(rows: number): BatchSource
  /**
   * What `reader` draws from, where each row comes back as it was: what another model says of a row
   * can be kept.
   */
  examples?: ExampleSet
  /** Of text whose rows begin anywhere: the same text in rows that come back. */
  windows?: ExampleSet
  /**
   * Sees the weights, which change as they are trained, while they are still those that training
   * starts from: before a batch is read, and before a checkpoint is restored where it `resumes`.
   */
  begin?: ((start: Trained, options: { resumes: boolean }) => Promise<void>) | undefined
  /**
   * Why training is not to go on, by the figures of a step, those of resumed runs included: the
   * model collapses. Then a jump of the loss, which shows less, counts for nothing.
   */
  collapsed?: ((figures: Figures) => string | undefined) | undefined
  /** Sees the figures of each step, those of resumed runs included; what it gives is a warning. */
  watch?: ((figures: Figures) => string | undefined) | undefined
  /** For trainings with batches of so many rows; undefined where nothing was held out. */
  validation?: ((rows: number) => MeasuredRows) | undefined
  /** The model's texts begin with BOS from now on. */
  addBos?: boolean
  /** What a resumed training must share. */
  identity: Record<string, unknown>
}

/** Rows to measure a model on. */
export interface MeasuredRows {
  /** All of them, from the first on each time. */
  batches(): Iterable<Examples>
  /** Bytes in UTF-8 of the text that the targets stand for, where they stand for one. */
  bytes?: number | undefined
  /** What rows are made of, where their targets are no whole text. */
  inputs?: (() => Iterable<{ text: string }>) | undefined
  /** Whole documents, one a row. */
  documents?: number | undefined
  /** What each row is of, as the ids of items have it; default: its number from 1 on. */
  ids?: readonly string[] | undefined
  /** What is computed of the items: of rows, of what `score` gives, or of both by their ids. */
  measures: readonly MeasureName[]
  score?: ((trained: Trained) => Promise<Item[]>) | undefined
  /**
   * Measures the model that `begin` saw, as it stands, in place of a loss, on at most `most`
   * records: numbers by name, of which the first is to be as high as possible. There are no batches
   * then. Rejects with the signal's reason when aborted.
   */
  judge?:
    | ((options: {
        most?: number
        signal?: AbortSignal | undefined
      }) => Promise<Record<string, Estimate>>)
    | undefined
  /** Some of what a model is to write, to show while it learns. */
  expected?: readonly Expected[] | undefined
}

export interface Evaluation extends TaskObjective, MeasuredRows {}

/** What a training reports of a step or a validation. */
export type Figures = Readonly<Record<string, number | undefined>>

/** A model with its weights on an engine. */
export interface Trained extends Subject {
  engine: Engine
  weights: { live: Readonly<Record<string, DeviceTensor>> }
  signal?: AbortSignal | undefined
}

/** Rows that are measured together where nothing else decides. */
export const ROWS = 8

/** An option of the tasks whose targets are classes. */
export const smoothing = resumedAs('changeable', {
  /** Share of each target that is spread evenly over all classes (Szegedy et al. 2016). */
  labelSmoothing: z.number().min(0).lt(1).default(0),
})
