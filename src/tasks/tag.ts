import {
  parseTaggedWords,
  type TaggedWords,
  taggedWordSet,
  tagsOf,
} from '../data/tasks/tagged-words.ts'
import { accuracy, macroF1 } from '../metrics/classification.ts'
import { taggingObjective } from '../objectives/classification.ts'
import { tag as askForTags } from '../predict/tag.ts'
import { asking, readerOf } from './reader-of.ts'
import type { RecordTask } from './task.ts'

/** A label for each word: `{"words": ["..."], "tags": ["..."]}`. */
export const tag: RecordTask<TaggedWords> = {
  kinds: ['encoder', 'decoder'],
  architecture: 'bert',
  parse: parseTaggedWords,
  texts: ({ words }) => [words.join(' ')],
  head: (records) => ({ task: 'tag', labels: tagsOf(records) }),
  examples: (records, { tokenizer }, model, { length }) =>
    taggedWordSet(records, readerOf(model).config.head?.labels ?? [], { tokenizer, length }),
  measure: (trained, records) =>
    asking(trained, async (model, options) => {
      const sentences = records.map(({ words }) => words)
      const said = await askForTags(model, sentences, options)
      const pairs = records.flatMap(({ tags }, i) =>
        tags.map((tag, word) => [said[i]?.[word]?.tag, tag] as const),
      )
      return { accuracy: accuracy(pairs), f1: macroF1(pairs) }
    }),
  objective:
    (model, { length, labelSmoothing }) =>
    (sizes) =>
      taggingObjective(readerOf(model), { ...sizes, length, labelSmoothing }),
}
