import { expect, test } from 'vitest'
import { evaluate } from '../../test/interpreter/evaluate.ts'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { languageModelObjective } from './language-model.ts'

const mixtral = tinyConfigs.Mixtral as DecoderConfig
const ids = [3, 1, 4, 1, 5, 9, 2, 6]
const shape = [2, 4]

/** Of both rows together, each target weighing as much as `step` of them do. */
function lossOf(balance: number, targets: number[], step: number): number {
  const experts = { ...mixtral.experts, balance } as DecoderConfig['experts']
  const model = new Decoder({ ...mixtral, experts })
  const weights = Object.entries(tinyWeights(model)).map(([name, values]) => {
    return [name, { shape: model.parameters().get(name)?.shape ?? [], values }] as const
  })
  const { loss } = languageModelObjective(model, { rows: 2, length: 4 })
  const [result] = evaluate([loss], {
    ...Object.fromEntries(weights),
    ids: { shape, values: ids },
    targets: { shape, values: targets },
    weight: { shape: [], values: [1 / step] },
  })
  return result?.data[0] as number
}

test('the balance of experts has its whole share, however many targets count', () => {
  const all = [1, 4, 1, 5, 2, 6, 5, 3]
  const few = [1, -100, -100, -100, 2, -100, -100, -100]
  const share = (targets: number[], step: number) =>
    lossOf(0.5, targets, step) - lossOf(0, targets, step)
  const whole = share(all, 8)
  // Two of four experts for each token: at its best it is 2.
  expect(whole).toBeGreaterThan(0.5 * 1.5)
  expect(share(few, 2)).toBeCloseTo(whole, 10)
  // A micro-batch with two of a step's eight targets has a quarter of it.
  expect(share(few, 8)).toBeCloseTo(whole / 4, 10)
})
