import { z } from 'zod'
import { IGNORE } from '../data/batch.ts'
import { cutNotice, type ExampleSet, longestOf, padded, textArrays } from '../data/example-set.ts'
import { encodeRecord, recordParser } from '../data/parse-record.ts'
import { parsedRecords } from '../data/sources/faults.ts'
import { UserError } from '../errors.ts'
import { taggingObjective } from '../objectives/classification.ts'
import { tag as askForTags } from '../predict/tag.ts'
import { encodeWords } from '../text/encode-input.ts'
import { distinctNames, type TextOptions } from './labeled-texts.ts'
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
  varied: ({ where, words, tags }, variation) => {
    const pairs = words.map((word, i) => ({ word, tag: tags[i] as string }))
    const varied = variation.words(pairs)
    return { where, words: varied.map(({ word }) => word), tags: varied.map(({ tag }) => tag) }
  },
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
  measures: ['labels', 'loss'],
  score: (trained, records) =>
    asReader(trained, async (model, options) => {
      const sentences = records.map(({ words }) => words)
      const all = await askForTags(model, sentences, options)
      return records.map(({ words, tags }, i) => {
        const predicted = tags.map((_, word) => all[i]?.[word]?.tag ?? '')
        return {
          id: String(i + 1),
          input: words.join(' '),
          expected: tags,
          predicted,
          scores: {},
        }
      })
    }),
})

/** Words, and a label for each. */
export const parseTaggedWords = recordParser(
  z
    .object({ words: z.array(z.string().min(1)).min(1), tags: z.array(z.string().min(1)) })
    .refine(({ words, tags }) => words.length === tags.length, {
      error: ({ input }) => {
        const { words, tags } = input as { words: string[]; tags: string[] }
        return `${words.length} words and ${tags.length} tags`
      },
    }),
  '{"words": ["..."], "tags": ["..."]}, with as many tags as words',
)
export type TaggedWords = ReturnType<typeof parseTaggedWords>

/** The tags of words, see `distinctNames`. Throws UserError where there are fewer than two. */
export const tagsOf = (all: readonly TaggedWords[]): string[] =>
  distinctNames(
    all.flatMap(({ tags }) => tags),
    'tag',
  )

/** Each word's first token has the number of its tag; the others count for nothing. */
export function taggedWordSet(
  all: readonly TaggedWords[],
  labels: readonly string[],
  { tokenizer, length }: TextOptions,
): ExampleSet {
  let cut = 0
  const encoded = all.map(({ words, tags, where }) => {
    const numbers = tags.map((tag) => {
      const number = labels.indexOf(tag)
      if (number >= 0) return number
      throw new UserError(
        `${where}: the tag "${tag}" is not one of the model's: ${labels.join(', ')}`,
      )
    })
    const {
      ids,
      typeIds,
      words: sources,
    } = encodeRecord(where, () => encodeWords(tokenizer, words, { maxLength: length }))
    if (sources.every((word) => word < words.length - 1)) cut++
    const targets = sources.map((word, i) =>
      word >= 0 && word !== sources[i - 1] ? (numbers[word] as number) : IGNORE,
    )
    return { ids, typeIds, targets }
  })
  return {
    count: all.length,
    longest: longestOf(
      encoded.map(({ ids }) => ids),
      length,
    ),
    notices: cutNotice(cut, all.length, length),
    collate: (indices) => {
      const chosen = indices.map((i) => encoded[i] as (typeof encoded)[number])
      const lists = chosen.map((one) => one.targets)
      const targets = padded(lists, length, IGNORE)
      const arrays = { ...textArrays(chosen, { length, padId: tokenizer.padId }), targets }
      const count = targets.reduce((n, target) => n + Number(target !== IGNORE), 0)
      return { rows: indices.length, length, arrays, count }
    },
  }
}
