import { parsedRecords } from '../data/sources/faults.ts'
import { completionSet, parseCompletion } from '../data/tasks/completions.ts'
import { nextToken } from '../objectives/language-model.ts'
import { encodeCompletions, exactMatch, expectedOf } from '../predict/completions.ts'
import { recordTask } from './records.ts'
import { smoothing } from './task.ts'
import { asWriter } from './trained-model.ts'

/** Completion of prompts by a decoder, which does not learn the prompts themselves. */
export const completion = recordTask({
  kinds: ['decoder'],
  architecture: 'gpt2',
  data: '{"prompt": "...", "completion": "..."}',
  options: {},
  learning: smoothing,
  read: (corpus) => parsedRecords(corpus, parseCompletion),
  texts: ({ prompt, completion }) => [prompt, completion],
  examples: (records, subject, { length }) => {
    const { tokenizer } = subject
    return completionSet(encodeCompletions(records, subject), { tokenizer, length })
  },
  objective: (model, { length, labelSmoothing, evaluation }) =>
    nextToken(model, length, { labelSmoothing, evaluation }),
  expected: expectedOf,
  score: (trained, records) =>
    asWriter(trained, async (model) => ({
      exactMatch: await exactMatch(model, expectedOf(records, trained), trained),
    })),
  isText: true,
  fitted: true,
})
