import type { Random } from '../../random.ts'

/**
 * Begins at a random place and comes round to it again (BART's document rotation, Lewis et al.
 * 2020).
 */
export const rotation =
  () =>
  <T>(items: readonly T[], random: Random): T[] => {
    const start = random.integer(items.length)
    return [...items.slice(start), ...items.slice(0, start)]
  }
