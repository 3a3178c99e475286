/** Keeps a group of nearly equal rewards from advantages without bound; TRL has the same. */
const LEAST_DEVIATION = 1e-4

export interface AdvantageOptions {
  /** Does not divide by the deviation, which favors prompts that nearly always or never succeed. */
  unbiased: boolean
}

/**
 * Advantage of each completion of a prompt: its reward less the group's mean, in units of the
 * group's standard deviation (GRPO, Shao et al. 2024), or as it is (`unbiased`: Dr. GRPO, Liu et
 * al. 2025). All are 0 where all rewards are equal: such a group has no signal.
 */
export function groupAdvantages(
  rewards: readonly number[],
  { unbiased }: AdvantageOptions,
): number[] {
  if (rewards.every((reward) => reward === rewards[0])) return rewards.map(() => 0)
  const { mean, deviation } = momentsOf(rewards)
  const unit = unbiased ? 1 : deviation + LEAST_DEVIATION
  return rewards.map((reward) => (reward - mean) / unit)
}

/** Mean and standard deviation of a sample (of n - 1 degrees of freedom; 0 of a single value). */
export function momentsOf(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) }
}
