import type { ExampleSet } from '../data/tasks/example-set.ts'
import type { ArchitectureName } from '../models/architectures/index.ts'
import type { HeadConfig } from '../models/head-config.ts'
import type { Model, ModelConfig } from '../models/model.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import type { Expected, PromptReading } from '../predict/completions.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

/** Sizes of examples. */
export interface TaskSizes {
  /** Tokens of a text. */
  length: number
  /** Of the text that is written, where one is read and another written. */
  targetLength: number
  /** Texts that are read together. */
  sources: number
}

export interface ObjectiveOptions extends TaskSizes {
  labelSmoothing: number
  temperature: number
  /** Leaves out what only training minimizes. */
  evaluation?: boolean
}

/** A model in training, as its tasks measure it. */
export interface Trained {
  engine: Engine
  model: Model
  tokenizer: Tokenizer
  addBos?: boolean | undefined
  weights: { live: Readonly<Record<string, DeviceTensor>> }
  signal?: AbortSignal
}

/** What sets one task apart: the form of its records, its models and its loss. */
export interface RecordTask<R> {
  /** Kinds of model that learn it. */
  kinds: readonly ModelConfig['kind'][]
  /** Where the user names none. */
  architecture: ArchitectureName
  /** A record of the data. Throws UserError that begins with `where`. */
  parse(value: unknown, where: string): R
  /** The texts of a record, by which a tokenizer is trained. */
  texts(record: R): readonly string[]
  /** What the head is for, and the labels that the records have; none for models that write. */
  head?(records: readonly R[]): Pick<HeadConfig, 'task' | 'labels'>
  /** By which validation is drawn evenly, of each label its share. */
  labelOf?(record: R): string
  /** Texts that each record gives to read together. */
  sourcesEach?(records: readonly R[]): number
  /** Tokens that the longest record needs, where rows need not be as long as the context. */
  longest?(records: readonly R[], reading: PromptReading): number
  examples(
    records: readonly R[],
    reading: PromptReading,
    model: Model,
    sizes: TaskSizes,
  ): ExampleSet
  objective(model: Model, options: ObjectiveOptions): ObjectiveBuilder
  /** Other measures than the loss, of records that were not learned from, by name. */
  measure(
    trained: Trained,
    records: readonly R[],
    sizes: TaskSizes,
  ): Promise<Record<string, number>>
  /** What a model that writes is to write, to show while it learns. */
  expected?(
    records: readonly R[],
    reading: PromptReading,
    model: Model,
    sizes: TaskSizes,
  ): Expected[]
  /** The loss compares the examples of a step with each other. */
  wholeBatch?: boolean
}
