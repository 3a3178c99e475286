import { expect, test } from 'vitest'
import { Random } from '../random.ts'
import { likelihoodWatch } from './likelihood-watch.ts'

/** Steps at which it warns, where both rewards have a slope, and noise beside it. */
function warnings(chosen: number, rejected: number, steps = 200, seed = 1): number[] {
  const random = new Random(seed)
  const watch = likelihoodWatch()
  return Array.from({ length: steps }, (_, step) => {
    const at = (slope: number) => slope * step + 0.2 * random.normal()
    return watch({ step, rewardChosen: at(chosen), rewardRejected: at(rejected) })
  }).flatMap((warning, step) => (warning === undefined ? [] : [step]))
}

test('it warns once, of answers that both become less likely', () => {
  expect(warnings(-0.01, -0.03)).toHaveLength(1)
  expect(warnings(-0.05, -0.05)).toHaveLength(1)
})

test('it warns of a short run where both fall fast', () => {
  expect(warnings(-1, -1, 10)).toEqual([9])
  expect(warnings(-1, -1, 9)).toEqual([])
  for (let run = 0; run < 200; run++) expect(warnings(0, 0, 39, run)).toEqual([])
})

test('it does not warn of noise, of likelier preferred answers, or of a way back', () => {
  expect(warnings(0, 0, 2000)).toEqual([])
  expect(warnings(0.01, -0.03)).toEqual([])
  const watch = likelihoodWatch()
  const told = Array.from({ length: 100 }, (_, step) => {
    const reward = step < 50 ? step / 10 : 5 - (step - 50) / 100
    return watch({ step, rewardChosen: reward, rewardRejected: reward })
  })
  expect(told.every((warning) => warning === undefined)).toBe(true)
})

test('the warning says what to do, and other figures are passed over', () => {
  const watch = likelihoodWatch()
  const told = Array.from({ length: 60 }, (_, step) => {
    watch({ step, validationLoss: 1 })
    return watch({ step, rewardChosen: -step, rewardRejected: -2 * step })
  })
  expect(told.find((warning) => warning)).toMatch(/--nll-weight 1, lower --lr, or raise --beta/)
})
