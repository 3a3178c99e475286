import { UserError } from '../../errors.ts'
import { Random } from '../../random.ts'
import type { Benchmark, ChoiceQuestion, Question, WritingQuestion } from './benchmark.ts'
import type { OpenBenchmark, QuestionFile } from './open-benchmark.ts'

/** A question of a file, and its number among all. */
export interface Asked<Q extends Question = Question> {
  readonly question: Q
  readonly stem: string
  readonly number: number
}

/** All questions of a benchmark, or `limit` of them, evenly from all files. */
export function askedOf({ files }: OpenBenchmark, limit = Number.POSITIVE_INFINITY): Asked[] {
  const all = files.flatMap(({ stem, questions }) =>
    questions.map((question) => ({ question, stem })),
  )
  const count = Math.min(limit, all.length)
  return Array.from({ length: count }, (_, i) => {
    const number = Math.floor((i * all.length) / count)
    return { ...(all[number] as (typeof all)[number]), number }
  })
}

type Prompted = ChoiceQuestion | WritingQuestion

export interface PromptOptions {
  seed: number
  /** The model is asked in a chat. */
  asChat: boolean
}

/** Between examples, as in lm-evaluation-harness. */
const BETWEEN = '\n\n'

/**
 * Prompts of a benchmark's questions, with examples before them: drawn from its files of examples
 * by seed and number, or, of a subject, the first ones; where there are no such files, from the
 * other questions of its own. Throws UserError where there are too few, or prompts are none.
 */
export class Prompts {
  readonly #open: OpenBenchmark
  readonly #options: PromptOptions
  readonly #pool: readonly QuestionFile[]
  readonly #byKey = new Map<string, readonly Prompted[]>()

  constructor(open: OpenBenchmark, options: PromptOptions) {
    const { name, files, examples, fewShot } = open
    this.#open = open
    this.#options = options
    this.#pool = examples.length > 0 ? examples : files
    const { asChat } = options
    const [first] = files[0]?.questions ?? []
    const option = fewShot > 0 ? `--few-shot ${fewShot}` : asChat ? '--as-chat' : undefined
    if (option && (!first || !('prompt' in first) || first.prompt === ''))
      throw new UserError(`${option}: ${name} has no prompts; leave it out`)
    for (const { stem } of files) {
      const count = this.#candidates(stem).length - Number(this.drawsFromQuestions)
      if (fewShot > count)
        throw new UserError(
          `--few-shot ${fewShot}: ${name} has ${count} examples${
            this.#bySubject ? ` for ${stem}` : ''
          }; give at most as many`,
        )
    }
  }

  /** Examples are other questions of those that are asked. */
  get drawsFromQuestions(): boolean {
    return this.#open.examples.length === 0
  }

  get #bySubject(): boolean {
    return this.#open.benchmark.bySubject ?? false
  }

  /** What stands before the answer. */
  textOf({ question, stem, number }: Asked<Prompted>): string {
    const { benchmark } = this.#open
    const examples = this.#examples(stem, question, number).map(
      (example) => solved(example, benchmark) + BETWEEN,
    )
    return [benchmark.description?.(stem) ?? '', ...examples, question.prompt].join('')
  }

  #examples(stem: string, question: Question, number: number): Prompted[] {
    const { fewShot } = this.#open
    const all = this.#candidates(stem)
    if (this.#bySubject) return all.filter((example) => example !== question).slice(0, fewShot)
    const random = Random.of(this.#options.seed, number)
    const chosen = new Set<Prompted>()
    while (chosen.size < fewShot) {
      const example = all[random.integer(all.length)] as Prompted
      if (example !== question) chosen.add(example)
    }
    return [...chosen]
  }

  /** What may be an example for the questions of a file. */
  #candidates(stem: string): readonly Prompted[] {
    const key = this.#bySubject ? subjectOf(stem) : ''
    const known = this.#byKey.get(key)
    if (known) return known
    const files = this.#pool.filter((file) => !this.#bySubject || subjectOf(file.stem) === key)
    const found = files.flatMap(({ questions }) => questions as readonly Prompted[])
    this.#byKey.set(key, found)
    return found
  }
}

/** `anatomy_dev` and `anatomy_test` are files of one subject. */
const subjectOf = (stem: string): string => stem.replace(/_(dev|val|test)$/, '')

/** An example, with its answer. */
function solved(example: Prompted, benchmark: Benchmark): string {
  const answer = 'choices' in example ? (example.choices[example.answer] ?? '') : example.solution
  const delimiter = 'delimiter' in benchmark ? benchmark.delimiter : ''
  return `${example.prompt}${delimiter}${answer}`
}
