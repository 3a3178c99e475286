import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { ChoicesBenchmark } from './benchmark.ts'
import { jsonRecords } from './json-lines.ts'

const record = z.object({
  id: z.string(),
  question: z.object({
    stem: z.string(),
    choices: z.array(z.object({ text: z.string(), label: z.string() })).min(2),
  }),
  answerKey: z.string().optional(),
})

const EXPECTED =
  '{"id": "...", "question": {"stem": "...", "choices": [{"text": "...", "label": "A"}, ...]}, ' +
  '"answerKey": "A"}'

/** Science questions of schools (Clark et al. 2018). The prompt follows lm-evaluation-harness. */
const arc = (part: 'Easy' | 'Challenge'): ChoicesBenchmark => ({
  kind: 'choices',
  home: 'allenai.org/data/arc',
  measures: ['choices', 'normalizedChoices'],
  files: [`ARC-${part}-Test.jsonl`],
  examples: [`ARC-${part}-Train.jsonl`, `ARC-${part}-Dev.jsonl`],
  delimiter: ' ',
  async *read(file) {
    for await (const { id, question, answerKey, where } of jsonRecords(file, record, EXPECTED)) {
      if (answerKey === undefined) continue
      const { stem, choices } = question
      const answer = choices.findIndex(({ label }) => label === answerKey)
      if (answer < 0) throw new UserError(`${where}: no choice has the label ${answerKey}`)
      const prompt = `Question: ${stem}\nAnswer:`
      yield { id, prompt, choices: choices.map(({ text }) => text), answer }
    }
  },
})

export const arcEasy = arc('Easy')
export const arcChallenge = arc('Challenge')
