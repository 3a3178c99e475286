import { parsedRecords } from '../data/sources/faults.ts'
import { parseTaggedWords, taggedWordSet, tagsOf } from '../data/tasks/tagged-words.ts'
import { accuracy, macroF1 } from '../metrics/classification.ts'
import { taggingObjective } from '../objectives/classification.ts'
import { tag as askForTags } from '../predict/tag.ts'
import { recordTask } from './records.ts'
import { smoothing } from './task.ts'
import { asReader, readerOf } from './trained-model.ts'

/** Token classification: a tag for each word. */
export const tag = recordTask({
  kinds: ['encoder', 'decoder'],
  architecture: 'bert',
  data: '{"words": ["..."], "tags": ["..."]}',
  options: {},
  learning: smoothing,
  read: (corpus) => parsedRecords(corpus, parseTaggedWords),
  texts: ({ words }) => [words.join(' ')],
  head: (records) => ({ task: 'tag', labels: tagsOf(records) }),
  examples: (records, { model, tokenizer }, { length }) =>
    taggedWordSet(records, readerOf(model).config.head?.labels ?? [], { tokenizer, length }),
  objective:
    (model, { length, labelSmoothing }) =>
    (sizes) =>
      taggingObjective(readerOf(model), {
        ...sizes,
        length,
        labelSmoothing,
      }),
  score: (trained, records) =>
    asReader(trained, async (model, options) => {
      const sentences = records.map(({ words }) => words)
      const predicted = await askForTags(model, sentences, options)
      const pairs = records.flatMap(({ tags }, i) =>
        tags.map((tag, word) => [predicted[i]?.[word]?.tag, tag] as const),
      )
      return { accuracy: accuracy(pairs), f1: macroF1(pairs) }
    }),
})
