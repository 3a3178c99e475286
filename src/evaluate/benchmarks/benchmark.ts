import type { MeasureName } from '../../metrics/measures/index.ts'

/** A question with choices, of which one is right. */
export interface ChoiceQuestion {
  readonly id: string
  /** Stands before each choice; '' where a choice is a whole text. */
  readonly prompt: string
  readonly choices: readonly string[]
  /** Index of the right choice. */
  readonly answer: number
  /** What a classifier reads. */
  readonly text?: string
}

/** A text whose probability is measured. */
export interface TextQuestion {
  readonly id: string
  readonly text: string
  /** By which the loss is divided. */
  readonly words: number
  readonly bytes: number
}

/** A prompt, and what is to be written. */
export interface WritingQuestion {
  readonly id: string
  readonly prompt: string
  /** As an example has it: for instance with the steps that lead to it. */
  readonly solution: string
  readonly answer: string
}

export type Question = ChoiceQuestion | TextQuestion | WritingQuestion

/** One file of a benchmark. */
export interface BenchmarkFile {
  /** As messages name it. */
  readonly name: string
  /** Its name without folder and extension. */
  readonly stem: string
  readonly text: string
}

interface Common<Q extends Question> {
  /** Where it is published. */
  readonly home: string
  /** What is computed of its items. */
  readonly measures: readonly MeasureName[]
  /** Patterns of the files of its questions; the first whose files hold answers are read. */
  readonly files: readonly string[]
  /** Patterns of files of examples for few-shot prompts. */
  readonly examples?: readonly string[]
  /** Of its characters; default: UTF-8. */
  readonly encoding?: string
  /** Questions of a file; none if it has no answers. Throws UserError with the line at fault. */
  read(file: BenchmarkFile): AsyncIterable<Q> | Iterable<Q>
  /** Stands before the first example; `stem`: of the file of the question. */
  description?(stem: string): string
  /** Files are subjects: examples are the first ones of the same subject. */
  readonly bySubject?: boolean
}

/** Log-likelihood of choices. */
export interface ChoicesBenchmark extends Common<ChoiceQuestion> {
  readonly kind: 'choices'
  /** Between prompt and choice. */
  readonly delimiter: string
  /** Names of choices; default: A, B, ... */
  readonly labels?: readonly string[]
  /** Classes as the data name them, by `labels`: classifiers with such labels are measured, too. */
  readonly classes?: readonly string[]
  /** Right if every token of the only choice is the likeliest one. */
  readonly greedy?: boolean
}

/** Rolling log-likelihood: the probability of texts. */
export interface TextBenchmark extends Common<TextQuestion> {
  readonly kind: 'text'
}

/** Generate until a stop string. */
export interface WritingBenchmark extends Common<WritingQuestion> {
  readonly kind: 'writing'
  readonly delimiter: string
  readonly stop: readonly string[]
  /** Examples in the prompt where the user says nothing. */
  readonly fewShot?: number
  /** What of the written text is the answer; several ways, by the name of their score. */
  readonly extract: Readonly<Record<string, (text: string) => string | undefined>>
}

/** One benchmark: where its files are, how a question is read, and how it is asked. */
export type Benchmark = ChoicesBenchmark | TextBenchmark | WritingBenchmark

export const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
