import { z } from 'zod'
import type { WritingBenchmark } from './benchmark.ts'
import { jsonRecords } from './json-lines.ts'

const record = z.object({ question: z.string(), answer: z.string() })

/** A number without what may be written around it. */
const plain = (number: string | undefined): string | undefined =>
  number?.replace(/[,$]/g, '').replace(/\.$/, '')

/** After the mark that examples end with: `#### 1,234`. */
const marked = (text: string): string | undefined => plain(/#### (-?[0-9.,]+)/.exec(text)?.[1])

/** The last number of all. */
const last = (text: string): string | undefined =>
  plain(text.match(/-?[$0-9.,]{2,}|-?[0-9]+/g)?.at(-1))

/**
 * Word problems of arithmetic (Cobbe et al. 2021). Prompts, the ends of answers, and the two ways
 * to find the number in them follow lm-evaluation-harness.
 */
export const gsm8k: WritingBenchmark = {
  kind: 'writing',
  home: 'github.com/openai/grade-school-math',
  measures: ['matches', 'flexibleMatches'],
  files: ['test.jsonl'],
  examples: ['train.jsonl'],
  delimiter: ' ',
  stop: ['Question:', '</s>', '<|im_end|>'],
  fewShot: 5,
  extract: { exactMatch: marked, flexibleMatch: last },
  async *read(file) {
    const expected = '{"question": "...", "answer": "... #### 1"}'
    for await (const { question, answer, number } of jsonRecords(file, record, expected))
      yield {
        id: `${number}`,
        prompt: `Question: ${question}\nAnswer:`,
        solution: answer,
        answer: marked(answer) ?? answer,
      }
  },
}
