import { expect, test } from 'vitest'
import { evaluate, type Feeds } from '../../test/interpreter/evaluate.ts'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import {
  add,
  constant,
  crossEntropy,
  exp,
  grad,
  input,
  linearCrossEntropy,
  log,
  mul,
  reshape,
  split,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import { type DecoderConfig, gpt2Config } from '../models/decoder-config.ts'
import { languageModelObjective } from './language-model.ts'
import { checkObjective, commonInputs, type Objective } from './objective.ts'

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

/**
 * Direct preference optimization (Rafailov et al. 2023) without its reference: the model is to find
 * the first text likelier than the second. The gradient of each token depends on both texts.
 */
function preferenceLoss(model: Decoder, tokenLosses: (hidden: Tensor, targets: Tensor) => Tensor) {
  const [ids, targets] = [input('ids', 'int32', shape), input('targets', 'int32', shape)]
  const losses = tokenLosses(model.hidden(ids), reshape(targets, [8]))
  const [chosen, rejected] = split(sum(reshape(losses, shape), 1), [1, 1], 0) as [Tensor, Tensor]
  return sum(log(add(1, exp(mul(sub(chosen, rejected), 0.3)))))
}

test('losses of tokens differentiate right, whatever their rows weigh', () => {
  const sizes = { vocabSize: 11, context: 4, layers: 1, dim: 8, heads: 2 }
  const model = new Decoder(gpt2Config(sizes))
  const parameters = [...model.parameters()]
  const values = Object.entries(tinyWeights(model)).map(([name, values]) => {
    return [name, { shape: model.parameters().get(name)?.shape ?? [], values }] as const
  })
  const feeds: Feeds = {
    ...Object.fromEntries(values),
    ids: { shape, values: ids },
    targets: { shape, values: [1, 4, 1, -100, 2, 6, 5, 3] },
  }
  const byRows = preferenceLoss(model, (hidden, targets) => {
    return linearCrossEntropy(hidden, model.outputWeight, targets, { chunk: 3 }).losses
  })
  const whole = preferenceLoss(model, (hidden, targets) =>
    crossEntropy(model.logits(hidden), targets),
  )
  const tensors = parameters.map(([, { tensor }]) => tensor)
  const [loss, ...gradients] = evaluate([byRows, ...grad(byRows, tensors)], feeds)
  const [twin, ...twins] = evaluate([whole, ...grad(whole, tensors)], feeds)
  expect(loss?.data[0]).toBeCloseTo(twin?.data[0] as number, 12)
  for (const [i, [name, { shape }]] of parameters.entries()) {
    const derived = gradients[i]?.data as Float64Array
    for (const [j, x] of derived.entries()) expect(x).toBeCloseTo(twins[i]?.data[j] as number, 10)
    const at = derived.length >> 1
    const lossAt = (step: number) => {
      const moved = Float64Array.from(feeds[name]?.values ?? [])
      moved[at] = (moved[at] as number) + step
      return evaluate([byRows], { ...feeds, [name]: { shape, values: moved } })[0]
        ?.data[0] as number
    }
    expect(derived[at]).toBeCloseTo((lossAt(1e-5) - lossAt(-1e-5)) / 2e-5, 7)
  }
})

test('a loss of rows, and a metric with the name of the loss, are refused', () => {
  const { weight, inputs } = commonInputs({ rows: 4 })
  const rows = mul(weight, constant([1, 2], [2]))
  const refused = (objective: Objective) => () => checkObjective(objective)
  expect(refused({ inputs, loss: rows, metrics: {} })).toThrow('loss is no scalar')
  expect(refused({ inputs, loss: weight, metrics: { rows } })).toThrow('rows is no scalar')
  expect(refused({ inputs, loss: weight, metrics: { loss: weight } })).toThrow('its own loss')
  expect(checkObjective({ inputs, loss: weight, metrics: { half: weight } }).loss).toBe(weight)
})
