import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { ChoicesBenchmark } from './benchmark.ts'
import { jsonRecords } from './json-lines.ts'

const record = z.object({ text: z.string() })

/**
 * The last word of a passage (Paperno et al. 2016), in the form of OpenAI's file. As in
 * lm-evaluation-harness, a passage is right if each token of the word is the likeliest one.
 */
export const lambada: ChoicesBenchmark = {
  kind: 'choices',
  home: 'openaipublic.blob.core.windows.net/gpt-2/data/lambada_test.jsonl',
  measures: ['choices', 'perplexity'],
  files: ['lambada_test.jsonl', 'lambada_test_en.jsonl'],
  delimiter: ' ',
  greedy: true,
  async *read(file) {
    for await (const { text, number, where } of jsonRecords(file, record, '{"text": "..."}')) {
      const last = text.lastIndexOf(' ')
      const [prompt, word] = [text.slice(0, Math.max(0, last)), text.slice(last + 1)]
      if (prompt.trim() === '' || word.trim() === '')
        throw new UserError(`${where}: expected a passage, a blank, and its last word`)
      yield { id: `${number}`, prompt, choices: [word], answer: 0 }
    }
  },
}
