import type { Random } from '../random.ts'

/** A way to vary a sequence of tokens, words or characters, which stays as it is. */
export type Augmentation<T> = (items: readonly T[], random: Random) => T[]

/** Applies several, one after the other. */
export const inTurn =
  <T>(...augmentations: readonly Augmentation<T>[]): Augmentation<T> =>
  (items, random) =>
    augmentations.reduce<T[]>((varied, augment) => augment(varied, random), [...items])

/** Leaves out each item with probability `rate`, but never all (EDA, Wei & Zou 2019). */
export const deletion =
  ({ rate }: { rate: number }) =>
  <T>(items: readonly T[], random: Random): T[] => {
    const kept = items.filter(() => random.uniform() >= rate)
    return kept.length > 0 ? kept : items.slice(0, 1)
  }

/**
 * Replaces each item, with probability `rate`, by one drawn uniformly from `from`. When `from`
 * is the corpus itself, this is unigram noising (Xie et al. 2017).
 */
export const replacement =
  <T>({ rate, from }: { rate: number; from: readonly T[] }): Augmentation<T> =>
  (items, random) =>
    items.map((item) =>
      random.uniform() < rate ? (from[random.integer(from.length)] ?? item) : item,
    )

/** Rotates the sequence to a random start (BART's document rotation, Lewis et al. 2020). */
export const rotation =
  () =>
  <T>(items: readonly T[], random: Random): T[] => {
    const start = random.integer(items.length)
    return [...items.slice(start), ...items.slice(0, start)]
  }

const SEGMENTERS = {
  word: new Intl.Segmenter('und', { granularity: 'word' }),
  character: new Intl.Segmenter('und', { granularity: 'grapheme' }),
}

/** What a text is made of, for an augmentation. */
export type Unit = keyof typeof SEGMENTERS

/**
 * A text as words, each with the spaces and marks that follow it, or as characters as readers see
 * them (Unicode TR 29; Chinese words by dictionary). Joined, they are the text again.
 */
export function splitUnits(text: string, unit: Unit): string[] {
  const units: string[] = []
  for (const { segment, isWordLike } of SEGMENTERS[unit].segment(text)) {
    if (unit === 'character' || isWordLike || units.length === 0) units.push(segment)
    else units[units.length - 1] += segment
  }
  return units
}

/** `text` with its words or characters varied. */
export const augmentText = (
  text: string,
  unit: Unit,
  augment: Augmentation<string>,
  random: Random,
): string => augment(splitUnits(text, unit), random).join('')
