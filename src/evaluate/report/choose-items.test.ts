import { expect, test } from 'vitest'
import type { Item } from '../../metrics/item.ts'
import { worstItems } from './choose-items.ts'

test('a written answer is right by its score, whatever is around it', () => {
  const written = { expected: '4', predicted: ' It is 2 + 2 = 4.\n#### 4' }
  const items: Item[] = [
    { id: 'right', ...written, scores: { exactMatch: 1 } },
    { id: 'wrong', ...written, scores: { exactMatch: 0 } },
    { id: 'without its mark', expected: '4', predicted: '4', scores: { exactMatch: 0 } },
    { id: 'right label', expected: '正面', predicted: '正面', scores: { correct: 1 } },
  ]
  expect(worstItems(items, 4).map(({ id }) => id)).toEqual(['wrong', 'without its mark'])
})
