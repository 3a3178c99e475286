import { type Completion, completionSet, parseCompletion } from '../data/tasks/completions.ts'
import { longestOf } from '../data/tasks/sequences.ts'
import { LanguageModel } from '../generate/language-model.ts'
import { Decoder } from '../models/decoder.ts'
import type { Model } from '../models/model.ts'
import { nextToken } from '../objectives/language-model.ts'
import { encodeCompletions, exactMatch, expectedOf } from '../predict/completions.ts'
import type { RecordTask } from './task.ts'

/** Completion of a prompt, which alone is learned: `{"prompt": "...", "completion": "..."}`. */
export const completion: RecordTask<Completion> = {
  kinds: ['decoder'],
  architecture: 'gpt2',
  parse: parseCompletion,
  texts: ({ prompt, completion }) => [prompt, completion],
  longest: (records, reading) => longestOf(encodeCompletions(records, reading)),
  examples: (records, reading, _, { length }) => {
    const { tokenizer } = reading
    return completionSet(encodeCompletions(records, reading), { tokenizer, length })
  },
  objective: (model, { length, labelSmoothing, evaluation }) =>
    nextToken(model, length, { labelSmoothing, evaluation }),
  measure: async (trained, records) => {
    const model = await LanguageModel.create({ ...trained, model: decoderOf(trained.model) })
    try {
      return { exactMatch: await exactMatch(model, expectedOf(records, trained), trained) }
    } finally {
      await model.dispose()
    }
  },
  expected: expectedOf,
}

function decoderOf(model: Model): Decoder {
  if (model instanceof Decoder) return model
  throw new TypeError(`an ${model.config.kind} does not complete a prompt`)
}
