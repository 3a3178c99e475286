import type { Item } from '../item.ts'
import { correlation } from '../regression.ts'
import type { Measure } from './measure.ts'

/** Numbers that are estimated: of items with the scores `estimate` and `actual`. */
export const numbers: Measure = {
  metrics: {
    meanAbsoluteError: { better: 'lower', of: (item) => Math.abs(error(item)) },
    meanSquaredError: { better: 'lower', of: (item) => error(item) ** 2 },
    correlation: { better: 'higher' },
  },
  brief: ['meanAbsoluteError', 'correlation'],
  statistics: (items) => {
    const pairs = items.map(({ scores }) => [scores.estimate ?? 0, scores.actual ?? 0] as const)
    return (weights) => ({ correlation: correlation(pairs, weights) })
  },
}

const error = ({ scores: { estimate = 0, actual = 0 } }: Item): number => estimate - actual
