import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { BenchmarkFile, ChoiceQuestion, ChoicesBenchmark } from './benchmark.ts'
import { jsonRecords } from './json-lines.ts'

const record = z.object({
  activity_label: z.string(),
  ctx_a: z.string(),
  ctx_b: z.string(),
  endings: z.array(z.string()).min(2),
  label: z.union([z.number(), z.string()]).optional(),
})

/**
 * Which of four endings continues a description (Zellers et al. 2019). Published as JSONL; also in
 * the form of llama.cpp's `perplexity --hellaswag`: six lines for each question. Prompts follow
 * lm-evaluation-harness.
 */
export const hellaswag: ChoicesBenchmark = {
  kind: 'choices',
  home: 'github.com/rowanz/hellaswag',
  measures: ['choices', 'normalizedChoices'],
  files: ['hellaswag_val.jsonl', 'hellaswag_val_full.txt'],
  examples: ['hellaswag_train.jsonl'],
  delimiter: ' ',
  read: (file) => (/^\s*\{/.test(file.text) ? readJson(file) : readLines(file)),
}

async function* readJson(file: BenchmarkFile): AsyncGenerator<ChoiceQuestion> {
  const expected = '{"activity_label": "...", "ctx_a": "...", "ctx_b": "...", "endings": [...]}'
  for await (const found of jsonRecords(file, record, expected)) {
    const { number, activity_label: activity, ctx_a: a, ctx_b: b, endings, label } = found
    if (label === undefined || label === '') continue
    const answer = /^\d+$/.test(String(label).trim()) ? Number(label) : endings.length
    if (answer >= endings.length)
      throw new UserError(
        `${found.where}: the label is ${JSON.stringify(label)}; expected the index of the right ` +
          `ending, 0 to ${endings.length - 1}`,
      )
    yield {
      id: `${number}`,
      prompt: cleaned(`${activity}: ${a} ${capitalized(b)}`),
      choices: endings.map(cleaned),
      answer,
    }
  }
}

/** As Python's `capitalize`. */
const capitalized = (text: string): string =>
  text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase()

/** Brackets are left over from WikiHow's pages. */
const cleaned = (text: string): string =>
  text
    .trim()
    .replaceAll(' [title]', '. ')
    .replace(/\[.*?\]/g, '')
    .replaceAll('  ', ' ')

/** Lines: context, index of the right ending, four endings. */
function* readLines({ name, text }: BenchmarkFile): Generator<ChoiceQuestion> {
  const lines = text.replace(/\n+$/, '').split('\n')
  for (let line = 0; line < lines.length; line += 6) {
    const [prompt = '', label = '', ...choices] = lines.slice(line, line + 6)
    if (choices.length < 4 || !/^[0-3]$/.test(label.trim()))
      throw new UserError(
        `${name}:${line + 1}: expected six lines: the context, the index of the right ending (0 ` +
          'to 3), and four endings',
      )
    yield { id: `${line / 6}`, prompt: prompt.trim(), choices, answer: Number(label) }
  }
}
