import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { encodeWords } from '../../text/encode-input.ts'
import { IGNORE } from '../batch.ts'
import { cutNotice, type ExampleSet, longestOf, maskOf, padded } from './example-set.ts'
import { distinctNames, type TextOptions } from './labelled-texts.ts'
import { encodeRecord, parseRecord } from './parse-record.ts'

/** Words, and a label for each. */
export interface TaggedWords {
  readonly words: readonly string[]
  readonly tags: readonly string[]
  readonly where: string
}

const schema = z.object({
  words: z.array(z.string().min(1)).min(1),
  tags: z.array(z.string().min(1)),
})

/** A record `{"words": [...], "tags": [...]}`. Throws UserError that begins with `where`. */
export function parseTaggedWords(value: unknown, where: string): TaggedWords {
  const expected = '{"words": ["..."], "tags": ["..."]}, with as many tags as words'
  const { words, tags } = parseRecord(schema, value, { where, expected })
  if (words.length === tags.length) return { words, tags, where }
  throw new UserError(
    `${where}: ${words.length} words and ${tags.length} tags; expected ${expected}`,
  )
}

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
  const pad = tokenizer.padId ?? 0
  return {
    count: all.length,
    longest: longestOf(
      encoded.map(({ ids }) => ids),
      length,
    ),
    notices: cutNotice(cut, all.length, length),
    collate: (indices) => {
      const chosen = indices.map((i) => encoded[i] as (typeof encoded)[number])
      const ids = chosen.map((one) => one.ids)
      const targets = padded(
        chosen.map((one) => one.targets),
        length,
        IGNORE,
      )
      const types = padded(
        chosen.map((one) => one.typeIds),
        length,
        0,
      )
      const arrays = { ids: padded(ids, length, pad), mask: maskOf(ids, length), types, targets }
      const count = targets.reduce((n, target) => n + Number(target !== IGNORE), 0)
      return { rows: indices.length, length, arrays, count }
    },
  }
}
