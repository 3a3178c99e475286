import type { Variation } from '../data/augment/augmenter.ts'
import type { ExampleSet } from '../data/example-set.ts'
import { UserError } from '../errors.ts'

/**
 * Varies the records of a set, one of which is an example each, and encodes them as they are drawn.
 * A record that does not fit once it is varied, or that the tokenizer cannot encode then, is taken
 * as it is; with `whole`, so is one that would lose its end.
 */
export function variedExamples<R>(
  records: readonly R[],
  set: ExampleSet,
  {
    varied,
    encode,
    whole,
  }: {
    varied(record: R, variation: Variation): R
    encode(records: readonly R[]): ExampleSet
    whole?: boolean | undefined
  },
): NonNullable<ExampleSet['vary']> {
  /** The examples of all of them; undefined where one cannot be one. */
  const tryEncode = (some: readonly R[]): ExampleSet | undefined => {
    try {
      const tried = encode(some)
      return tried.count === some.length ? tried : undefined
    } catch (error) {
      if (error instanceof UserError) return undefined
      throw error
    }
  }
  /** Whether it fits; with `whole`, whether no more is cut off it than of the original. */
  const fits = (record: R, original: R): boolean => {
    const tried = tryEncode([record])
    return (
      tried !== undefined && !(whole && tried.notices.length > encode([original]).notices.length)
    )
  }
  // A set leaves out what does not fit.
  const kept =
    set.kept?.map((index) => records[index] as R) ??
    records.filter((record) => set.count === records.length || encode([record]).count === 1)
  return (indices, draw) => {
    const originals = indices.map((index) => kept[index] as R)
    const drawn = originals.map((record) => draw(record, varied))
    const all = indices.map((_, i) => i)
    const tried = tryEncode(drawn)
    if (tried && !(whole && tried.notices.length > 0)) return tried.collate(all)
    const fitting = drawn.map((record, i) => {
      const original = originals[i] as R
      return record === original || fits(record, original) ? record : original
    })
    return encode(fitting).collate(all)
  }
}
