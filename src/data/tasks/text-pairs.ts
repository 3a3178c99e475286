import { z } from 'zod'
import type { ExampleSet } from './example-set.ts'
import { encodeTexts, type TextOptions } from './labelled-texts.ts'
import { parseRecord } from './parse-record.ts'

/** Two texts that mean the same, or a question and its answer. */
export interface TextPair {
  readonly anchor: string
  readonly positive: string
  readonly where: string
}

const schema = z.object({ anchor: z.string(), positive: z.string() })

/** A record `{"anchor": "...", "positive": "..."}`. Throws UserError that begins with `where`. */
export const parseTextPair = (value: unknown, where: string): TextPair => ({
  ...parseRecord(schema, value, { where, expected: '{"anchor": "...", "positive": "..."}' }),
  where,
})

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
