import type { Measure } from './measure.ts'

/**
 * Which of two answers is better: of items with `correct` (0 or 1), `rewardChosen`,
 * `rewardRejected` and `margin`, by which they differ.
 */
export const preferences: Measure = {
  metrics: {
    accuracy: { better: 'higher', isProportion: true, of: ({ scores }) => scores.correct },
    margin: { better: 'higher', of: ({ scores }) => scores.margin },
    rewardChosen: { better: 'higher', of: ({ scores }) => scores.rewardChosen },
    rewardRejected: { better: 'lower', of: ({ scores }) => scores.rewardRejected },
  },
  brief: ['accuracy', 'margin'],
}
