import { z } from 'zod'
import type { ExampleSet } from '../data/example-set.ts'
import { recordParser } from '../data/parse-record.ts'
import { parsedRecords } from '../data/sources/faults.ts'
import { UserError } from '../errors.ts'
import type { Item } from '../metrics/item.ts'
import type { HeadConfig } from '../models/head-config.ts'
import { contrastiveObjective } from '../objectives/contrastive.ts'
import { positiveNumber, resumedAs } from '../options.ts'
import { embed as askForVectors, cosineSimilarity, promptFor } from '../predict/embed.ts'
import { encodeTexts, type TextOptions } from './labeled-texts.ts'
import { recordTask } from './records.ts'
import { asReader, readerOf } from './trained-model.ts'

// Validation losses before and after a change would not compare.
const options = resumedAs('fixed', {
  /** By which similarities are divided. */
  temperature: positiveNumber.default(0.05),
})

/** Text embedding: a vector for each text, near those of texts that belong to it. */
export const embed = recordTask({
  kinds: ['encoder', 'decoder'],
  architecture: 'bert',
  data: '{"anchor": "...", "positive": "..."}',
  options,
  learning: {},
  read: (corpus) => parsedRecords(corpus, parseTextPair),
  texts: ({ anchor, positive }) => [anchor, positive],
  varied: (record, { text }) => ({
    ...record,
    anchor: text(record.anchor),
    positive: text(record.positive),
  }),
  head: () => ({ task: 'embed', labels: [] }),
  examples: (records, { model, tokenizer }, { length }) =>
    textPairSet(withPrompt(readerOf(model).config.head, records), { tokenizer, length }),
  objective:
    (model, { length, temperature }) =>
    (sizes) =>
      contrastiveObjective(readerOf(model), { ...sizes, length, temperature }),
  score: (trained, records) =>
    asReader(trained, async (model, given) => {
      const texts = records.map(({ positive }) => positive)
      const anchors = records.map(({ anchor }) => anchor)
      const [near, own] = [
        await askForVectors(model, anchors, given),
        await askForVectors(model, texts, given),
      ]
      return records.map(({ anchor, positive }, i): Item => {
        const rival = closestOther(near[i] as Float32Array, own, { texts, index: i })
        return {
          id: String(i + 1),
          input: anchor,
          expected: positive,
          predicted: rival ?? positive,
          scores: { correct: Number(rival === undefined) },
        }
      })
    }),
  measures: ['retrieval'],
  wholeBatch: true,
})

/** Two texts that mean the same, or a question and its answer. */
export const parseTextPair = recordParser(
  z.object({ anchor: z.string(), positive: z.string() }),
  '{"anchor": "...", "positive": "..."}',
)
export type TextPair = ReturnType<typeof parseTextPair>

/** Of each batch, all anchors come first, then all positives. */
export function textPairSet(pairs: readonly TextPair[], options: TextOptions): ExampleSet {
  const anchors = encodeTexts(
    pairs.map(({ anchor, where }) => ({ text: anchor, where })),
    options,
  )
  const positives = encodeTexts(
    pairs.map(({ positive, where }) => ({ text: positive, where })),
    options,
  )
  const both = <A extends Int32Array | Float32Array>(a: A, b: A): A => {
    const joined =
      a instanceof Int32Array ? new Int32Array(2 * a.length) : new Float32Array(2 * a.length)
    joined.set(a)
    joined.set(b, a.length)
    return joined as A
  }
  return {
    count: pairs.length,
    blocks: 2,
    longest: Math.max(anchors.longest, positives.longest),
    notices: [...anchors.notices, ...positives.notices],
    collate: (indices) => {
      const [a, b] = [anchors.arrays(indices), positives.arrays(indices)]
      const arrays = {
        ids: both(a.ids, b.ids),
        mask: both(a.mask, b.mask),
        types: both(a.types, b.types),
      }
      return { rows: indices.length, length: 2 * options.length, arrays, count: indices.length }
    },
  }
}

/** Texts as the model reads them: behind its default prompt. Throws UserError. */
function withPrompt(head: HeadConfig | undefined, records: readonly TextPair[]): TextPair[] {
  const prompt = head ? promptFor(head) : ''
  if (prompt && head?.prompts?.pooled === false)
    throw new UserError(
      'the model leaves its prompt out of the mean of tokens (include_prompt of ' +
        '1_Pooling/config.json is false), and training would not; set it to true, or take out ' +
        'the default prompt',
    )
  return records.map(({ anchor, positive, where }) => ({
    anchor: prompt + anchor,
    positive: prompt + positive,
    where,
  }))
}

/**
 * The text that is as near to an anchor as its own or nearer, if any; the same text of another pair
 * is no other.
 */
function closestOther(
  anchor: Float32Array,
  positives: readonly Float32Array[],
  { texts, index }: { texts: readonly string[]; index: number },
): string | undefined {
  const near = positives.map((positive) => cosineSimilarity(anchor, positive))
  const own = near[index] as number
  let found: number | undefined
  for (const [i, other] of near.entries()) {
    if (texts[i] === texts[index] || other < own) continue
    if (found === undefined || other > (near[found] as number)) found = i
  }
  return found === undefined ? undefined : texts[found]
}
