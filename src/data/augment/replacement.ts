import type { Augmentation } from './augmentation.ts'

/**
 * Puts, with probability `rate`, an item drawn evenly from `from` in the place of each. When `from`
 * is the corpus itself, this is unigram noising (Xie et al. 2017).
 */
export const replacement =
  <T>({ rate, from }: { rate: number; from: readonly T[] }): Augmentation<T> =>
  (items, random) =>
    items.map((item) =>
      random.uniform() < rate ? (from[random.integer(from.length)] ?? item) : item,
    )
