import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type {
  Benchmark,
  BenchmarkFile,
  ChoiceQuestion,
  TextQuestion,
  WritingQuestion,
} from './benchmark.ts'
import { LETTERS } from './benchmark.ts'
import { jsonRecords } from './json-lines.ts'

const EXPECTED =
  '{"context": "...", "choices": ["...", "..."], "answer": 0}, ' +
  '{"prompt": "...", "answer": "..."} or {"text": "..."}, and the same form in each record'

/** Names of what stands before choices. */
const BEFORE = ['context', 'question', 'prompt'] as const

const id = z.union([z.string(), z.number()]).optional()
const choice = z.object({
  id,
  context: z.string().optional(),
  question: z.string().optional(),
  prompt: z.string().optional(),
  choices: z.array(z.string().min(1)).min(2),
  answer: z.union([z.number().int(), z.string()]),
})
const text = z.object({ id, text: z.string().min(1) })
const anyForm = z.looseObject({})
const writing = z.object({
  id,
  prompt: z.string().min(1),
  answer: z.union([z.string(), z.number().transform(String)]),
})

/**
 * A user's own questions: a JSONL file, or a JSON list. The form of the first record decides what
 * is measured. Throws UserError if it has none of the forms.
 */
export async function ownBenchmark(file: BenchmarkFile): Promise<Benchmark> {
  const common = { home: '', files: [], delimiter: '' }
  const { value: first = {} } = await jsonRecords(file, anyForm, EXPECTED).next()
  if ('choices' in first)
    return {
      ...common,
      kind: 'choices',
      measures: ['choices', 'normalizedChoices'],
      read: readChoices,
    }
  if ('prompt' in first && 'answer' in first) {
    const extract = { exactMatch: (written: string) => written.trim() }
    return {
      ...common,
      kind: 'writing',
      measures: ['matches'],
      stop: ['\n'],
      extract,
      read: readWriting,
    }
  }
  if ('text' in first) return { ...common, kind: 'text', measures: ['perplexity'], read: readTexts }
  throw new UserError(`${file.name}: found no question; expected ${EXPECTED}`)
}

async function* readChoices(file: BenchmarkFile): AsyncGenerator<ChoiceQuestion> {
  for await (const found of jsonRecords(file, choice, EXPECTED)) {
    const { id, choices, answer, number, where } = found
    const named = BEFORE.filter((name) => found[name] !== undefined)
    if (named.length !== 1)
      throw new UserError(
        `${where}: found ${named.join(' and ') || 'nothing'} before the choices; expected one of ` +
          `${BEFORE.join(', ')}, with all that the model reads ("" where choices are whole texts)`,
      )
    const context = named.map((name) => found[name]).join('')
    const index = answerIndex(choices, answer)
    if (index < 0)
      throw new UserError(
        `${where}: the answer is ${JSON.stringify(answer)}; expected the index of a choice, 0 to ` +
          `${choices.length - 1}, its letter, or its text`,
      )
    yield {
      id: String(id ?? number),
      prompt: context,
      choices: choices.map((one) => (needsBlank(context, one) ? ` ${one}` : one)),
      answer: index,
    }
  }
}

function answerIndex(choices: readonly string[], answer: number | string): number {
  if (typeof answer === 'number') return answer < choices.length ? answer : -1
  const named = choices.indexOf(answer)
  if (named >= 0) return named
  return LETTERS.indexOf(answer) < choices.length ? LETTERS.indexOf(answer) : -1
}

async function* readTexts(file: BenchmarkFile): AsyncGenerator<TextQuestion> {
  for await (const { id, text: given, number } of jsonRecords(file, text, EXPECTED))
    yield {
      id: String(id ?? number),
      text: given,
      words: given.split(/\s+/).filter((word) => word !== '').length,
      bytes: Buffer.byteLength(given),
    }
}

async function* readWriting(file: BenchmarkFile): AsyncGenerator<WritingQuestion> {
  for await (const found of jsonRecords(file, writing, EXPECTED)) {
    const { id, prompt, answer, number } = found
    const solution = needsBlank(prompt, answer) ? ` ${answer}` : answer
    yield { id: String(id ?? number), prompt, solution, answer: answer.trim() }
  }
}

/** Characters of scripts that put no blanks between words, and their punctuation. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\u3000-\u303f\uff00-\uffef]/u

/** Whether a blank belongs where two texts meet: none at a blank, nor at a script without them. */
export function needsBlank(before: string, after: string): boolean {
  const meeting = [[...before].at(-1), [...after][0]]
  return meeting.every((one) => one !== undefined && !/\s/.test(one) && !UNSPACED.test(one))
}
