import { expect, test } from 'vitest'
import { CollapseDetector, type UpdateFigures } from './collapse.ts'

const healthy: Required<UpdateFigures> = {
  reward: 0.5,
  rewardDeviation: 0.5,
  entropy: 0.8,
  kl: 0.1,
  completionLength: 12,
  truncated: 0.1,
}

/** The updates after 30 healthy ones at which a sign shows, and the sign. */
function watch(change: Partial<UpdateFigures>, before: Partial<UpdateFigures> = {}) {
  const detector = new CollapseDetector({ maxKl: 10 })
  for (let i = 0; i < 30; i++) expect(detector.see({ ...healthy, ...before })).toBeUndefined()
  for (let i = 1; i <= 40; i++) {
    const sign = detector.see({ ...healthy, ...before, ...change })
    if (sign !== undefined) return { updates: i, sign }
  }
  return undefined
}

test('a healthy run shows no sign, nor one that solves everything', () => {
  expect(watch({})).toBeUndefined()
  expect(watch({ reward: 1, rewardDeviation: 0.05, entropy: 0.01 })).toBeUndefined()
  expect(watch({ reward: 1, rewardDeviation: 0, entropy: 0 })).toBeUndefined()
  expect(watch({ entropy: 0 })).toBeUndefined()
})

test.each([
  ['reward', { reward: -0.2 }, 'mean reward fell from 0.500 to'],
  ['entropy', { entropy: 0, reward: 0.3 }, 'the entropy is'],
  ['KL', { kl: 30 }, 'KL divergence from the reference'],
  ['the limit', { truncated: 1 }, 'nearly all completions reach --max-tokens'],
  ['nothing', { completionLength: 1 }, 'completions are empty'],
] as const)(
  '%s is a sign once a window of updates shows it, not at the first',
  (_, change, says) => {
    const found = watch(change)
    expect(found?.sign).toContain(says)
    expect(found?.updates).toBeGreaterThan(5)
    expect(found?.updates).toBeLessThanOrEqual(20)
  },
)

test('what was so from the beginning is no collapse', () => {
  expect(watch({ truncated: 1 }, { truncated: 0.9 })).toBeUndefined()
  expect(watch({ completionLength: 1 }, { completionLength: 2 })).toBeUndefined()
  // All rewards are alike in every group: their size says nothing.
  expect(watch({ reward: -3 }, { rewardDeviation: 0 })).toBeUndefined()
})

test('the reward is compared with the best window, not with the first', () => {
  const detector = new CollapseDetector({ maxKl: 10 })
  const see = (reward: number, count: number) =>
    Array.from({ length: count }, () =>
      detector.see({ ...healthy, reward, rewardDeviation: 0.3 }),
    ).findIndex((sign) => sign !== undefined)
  expect(see(0.3, 30)).toBe(-1)
  expect(see(0.9, 30)).toBe(-1)
  expect(see(0.5, 30)).toBeGreaterThan(10)
})
