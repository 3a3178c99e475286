import type { Random } from '../../random.ts'

/** Leaves out each item with probability `rate`, but never all (EDA, Wei & Zou 2019). */
export const deletion =
  ({ rate }: { rate: number }) =>
  <T>(items: readonly T[], random: Random): T[] => {
    const kept = items.filter(() => random.uniform() >= rate)
    return kept.length > 0 ? kept : items.slice(0, 1)
  }
