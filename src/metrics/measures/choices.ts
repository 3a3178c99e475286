import type { Measure } from './measure.ts'

/** Whether the right text is the nearest: of items with the score `correct`. */
export const retrieval: Measure = {
  metrics: {
    recallAt1: { better: 'higher', isProportion: true, of: ({ scores }) => scores.correct },
  },
  brief: ['recallAt1'],
}

/** Questions with several choices: of items with the score `correct`. */
export const choices: Measure = {
  metrics: {
    accuracy: { better: 'higher', isProportion: true, of: ({ scores }) => scores.correct },
  },
  brief: ['accuracy'],
}

/** Choices that are compared by their log-probability a byte: of items with this score. */
export const normalizedChoices: Measure = {
  metrics: {
    normalizedAccuracy: {
      better: 'higher',
      isProportion: true,
      of: ({ scores }) => scores.normalizedCorrect,
    },
  },
  brief: [],
}

/** Answers in what a model wrote: of items whose score `exactMatch` says if they are right. */
export const matches: Measure = {
  metrics: {
    exactMatch: { better: 'higher', isProportion: true, of: ({ scores }) => scores.exactMatch },
  },
  brief: ['exactMatch'],
}

/** Answers that are found wherever they stand: of items with this score. */
export const flexibleMatches: Measure = {
  metrics: {
    flexibleMatch: {
      better: 'higher',
      isProportion: true,
      of: ({ scores }) => scores.flexibleMatch,
    },
  },
  brief: [],
}
