import { z } from 'zod'
import type { ChoicesBenchmark } from './benchmark.ts'
import { jsonRecords } from './json-lines.ts'

const record = z.object({ sentence_good: z.string(), sentence_bad: z.string() })

/**
 * Which of two sentences is grammatical (Warstadt et al. 2020): a file for each of 67 paradigms.
 * The sentence is a whole text, which begins a document, without the blank that
 * lm-evaluation-harness puts before it.
 */
export const blimp: ChoicesBenchmark = {
  kind: 'choices',
  home: 'github.com/alexwarstadt/blimp',
  measures: ['choices'],
  files: ['*.jsonl'],
  delimiter: '',
  labels: ['good', 'bad'],
  async *read(file) {
    const expected = '{"sentence_good": "...", "sentence_bad": "..."}'
    for await (const found of jsonRecords(file, record, expected)) {
      const { sentence_good: good, sentence_bad: bad, number } = found
      yield { id: `${file.stem}/${number}`, prompt: '', choices: [good, bad], answer: 0 }
    }
  },
}
