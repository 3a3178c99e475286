import type { Random } from '../../random.ts'

/**
 * A way to vary a sequence of tokens, words or characters; the sequence itself is left as it is.
 */
export type Augmentation<T> = (items: readonly T[], random: Random) => T[]

/** Applies several, one after the other. */
export const inTurn =
  <T>(...augmentations: readonly Augmentation<T>[]): Augmentation<T> =>
  (items, random) =>
    augmentations.reduce<T[]>((varied, augment) => augment(varied, random), [...items])
