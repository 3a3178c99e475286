import { expect, test } from 'vitest'
import { preferenceSet } from './preference-set.ts'

const answer = (prompt: number[], answer: number[]) => ({
  ids: [...prompt, ...answer],
  mask: [...prompt.map(() => 0), ...answer.map(() => 1)],
})
const pair = (prompt: number[], chosen: number[], rejected: number[]) => ({
  chosen: answer(prompt, chosen),
  rejected: answer(prompt, rejected),
})

test('answers follow their prompt, which is no target; the reference lies at targets', () => {
  const set = preferenceSet([pair([1, 2], [3, 4], [5]), pair([6], [7, 8, 9], [10, 11])], {
    length: 4,
    padId: 99,
  })
  expect(set.count).toBe(2)
  expect(set.longest).toBe(3)
  expect(set.targets).toEqual([3, 5])
  const before = set.collate([1, 0])
  expect(before.arrays).not.toHaveProperty('reference')
  expect(before).toMatchObject({ rows: 2, length: 8, count: 2 })
  expect([...(before.arrays.ids ?? [])]).toEqual([
    ...[6, 7, 8, 99, 6, 10, 99, 99],
    ...[1, 2, 3, 99, 1, 2, 99, 99],
  ])
  expect([...(before.arrays.targets ?? [])]).toEqual([
    ...[7, 8, 9, -100, 10, 11, -100, -100],
    ...[-100, 3, 4, -100, -100, 5, -100, -100],
  ])
  set.reference = [Float32Array.of(-1, -2, -3), Float32Array.of(-4, -5, -6, -7, -8)]
  expect([...(set.collate([0, 1]).arrays.reference ?? [])]).toEqual([
    ...[0, -1, -2, 0, 0, -3, 0, 0],
    ...[-4, -5, -6, 0, -7, -8, 0, 0],
  ])
})

test('pairs that are longer, or alike to the model, are left out, and told', () => {
  const set = preferenceSet(
    [
      pair([1, 2, 3, 4], [5], [6]),
      // Alike, once they are cut.
      pair([1], [2, 3, 4, 5], [2, 3, 4, 6]),
      pair([1], [2, 3, 4], [3]),
      pair([1], [2], [2]),
    ],
    { length: 3, notices: ['of the template'] },
  )
  expect(set.kept).toEqual([2])
  expect(set.count).toBe(1)
  expect(set.longest).toBe(3)
  expect(set.targets).toEqual([4])
  expect(set.notices).toEqual([
    'of the template',
    '2 of 4 pairs are longer than 3 tokens, and left out; they need a larger --context',
    '1 of 4 pairs have the same tokens as chosen and rejected, and are left out',
  ])
})
