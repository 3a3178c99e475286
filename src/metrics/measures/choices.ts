import type { Measure } from './measure.ts'

/** Whether the right text is the nearest: of items with the score `correct`. */
export const retrieval: Measure = {
  metrics: { recallAt1: { better: 'higher', of: ({ scores }) => scores.correct } },
  brief: ['recallAt1'],
}

/**
 * Questions with several choices: of items with the score `correct`, and `normalizedCorrect` where
 * choices are also compared by their log-probability a byte.
 */
export const choices: Measure = {
  metrics: {
    accuracy: { better: 'higher', of: ({ scores }) => scores.correct },
    normalizedAccuracy: { better: 'higher', of: ({ scores }) => scores.normalizedCorrect },
  },
  brief: ['accuracy'],
}
