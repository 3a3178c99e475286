import {
  parseTaggedWords,
  type TaggedWords,
  taggedWordSet,
  tagsOf,
} from '../../data/tasks/tagged-words.ts'
import { taggingObjective } from '../../objectives/classification.ts'
import { readerOf } from './reader-of.ts'
import type { RecordTask } from './task.ts'

/** A label for each word: `{"words": ["..."], "tags": ["..."]}`. */
export const tag: RecordTask<TaggedWords> = {
  kinds: ['encoder', 'decoder'],
  style: 'bert',
  parse: parseTaggedWords,
  texts: ({ words }) => [words.join(' ')],
  head: (records) => ({ task: 'tag', labels: tagsOf(records) }),
  examples: (records, tokenizer, model, { length }) =>
    taggedWordSet(records, readerOf(model).config.head?.labels ?? [], { tokenizer, length }),
  objective:
    (model, { length, labelSmoothing }) =>
    (sizes) =>
      taggingObjective(readerOf(model), { ...sizes, length, labelSmoothing }),
}
