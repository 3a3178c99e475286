import { expect, test } from 'vitest'
import { choiceItem } from './ask-choices.ts'
import type { ChoicesBenchmark } from './benchmark.ts'

const benchmark = { measures: ['choices', 'normalizedChoices'] } as unknown as ChoicesBenchmark

/** Whether the second choice, of as many bytes as the first, is chosen: in total, and per byte. */
function isChosen(first: number, second: number, bytes: number): unknown[] {
  const choices = ['a'.repeat(bytes), 'b'.repeat(bytes)]
  const question = { id: '1', prompt: '', choices, answer: 1 }
  const likelihoods = [first, second].map((logProbability) => {
    return { logProbability, isGreedy: false, tokens: bytes }
  })
  const { scores } = choiceItem(question, likelihoods, benchmark)
  return [scores.correct, scores.normalizedCorrect]
}

test('a tie is what float32 does not tell apart, whatever the size and the bytes', () => {
  // Steps of float32 near 300 are 3e-5.
  expect(isChosen(-300.0001, -300, 100)).toEqual([0, 0])
  expect(isChosen(-300.001, -300, 100)).toEqual([1, 1])
  expect(isChosen(-1.000002, -1, 1000)).toEqual([1, 1])
  expect(isChosen(-1, -1, 1)).toEqual([0, 0])
  expect(isChosen(Number.NEGATIVE_INFINITY, -1, 1)).toEqual([1, 1])
  expect(isChosen(-1, Number.NEGATIVE_INFINITY, 1)).toEqual([0, 0])
})
