import { describe, expect, test } from 'vitest'
import { evaluate, type Feeds } from '../../test/interpreter/evaluate.ts'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { grad, input, type Tensor } from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import { llamaConfig } from '../models/decoder-config.ts'
import { type PolicyOptions, policyObjective } from './policy.ts'

const [rows, length, vocabSize] = [2, 6, 11]
const sizes = { vocabSize, context: length, layers: 1, dim: 8, heads: 2, kvHeads: 1 }
const shape = [rows, length]
/** Two completions share the first row. */
const ids = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 0, 0]
const targets = [-100, 4, 1, -100, 9, 10, -100, 5, 3, 7, -100, -100]
const segments = [1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 0, 0]
const positions = [0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 0, 0]
const none = targets.map(() => 0)
const at = (values: Record<number, number>) => none.map((_, i) => values[i] ?? 0)
/** The third has three tokens. */
const shares = at({ 1: 1 / 2, 2: 1 / 2, 4: 1 / 2, 5: 1 / 2, 7: 1 / 3, 8: 1 / 3, 9: 1 / 3 })
const advantages = at({ 1: 1.2, 2: 1.2, 4: -0.7, 5: -0.7, 7: 0.4, 8: 0.4, 9: 0.4 })
const options: PolicyOptions = {
  rows,
  length,
  temperature: 0.7,
  clipLow: 0.2,
  clipHigh: 0.3,
  kl: 0.05,
  reused: true,
}

function setUp(given: Partial<PolicyOptions> = {}, softcap = 0) {
  const model = new Decoder({ ...llamaConfig(sizes), logitSoftcap: softcap })
  const parameters = [...model.parameters()]
  const weights = Object.entries(tinyWeights(model)).map(([name, values]) => {
    return [name, { shape: model.parameters().get(name)?.shape ?? [], values }] as const
  })
  const feeds: Feeds = Object.fromEntries([
    ...weights,
    ...Object.entries({ ids, targets, segments, positions, shares, advantages }).map(
      ([name, values]) => [name, { shape, values }] as const,
    ),
    ['weight', { shape: [], values: [1 / 3] }],
  ])
  return { model, parameters, feeds, objective: policyObjective(model, { ...options, ...given }) }
}

/** log softmax(logits / temperature) of each target: the slow, obvious twin. */
function logProbabilities({ model, feeds }: ReturnType<typeof setUp>, temperature: number) {
  const result = none.slice()
  for (const [begin, count] of [
    [0, 3],
    [3, 3],
    [6, 4],
  ] as const) {
    // Each completion alone, without packing.
    const alone = input('ids', 'int32', [1, count])
    const [logits] = evaluate([model.logits(model.hidden(alone))], {
      ...feeds,
      ids: { shape: [1, count], values: ids.slice(begin, begin + count) },
    })
    for (let i = 0; i < count; i++) {
      const row = Array.from(logits?.data.slice(i * vocabSize, (i + 1) * vocabSize) ?? [])
      const weights = row.map((logit) => Math.exp(logit / temperature))
      const target = targets[begin + i] as number
      if (target < 0) continue
      const total = weights.reduce((a, b) => a + b, 0)
      result[begin + i] = Math.log((weights[target] as number) / total)
    }
  }
  return result
}

/** The formula of the paper, token by token. */
function twin(now: number[], old: number[], reference: number[], given: PolicyOptions) {
  const { clipLow, clipHigh, kl, tokenShare } = given
  let [loss, entropy, clipShare, divergence] = [0, 0, 0, 0]
  for (const [i, target] of targets.entries()) {
    if (target < 0) continue
    const [a, share] = [advantages[i] as number, shares[i] as number]
    const ratio = Math.exp((now[i] as number) - (old[i] as number))
    const bounded = Math.min(Math.max(ratio, 1 - clipLow), 1 + clipHigh)
    const difference = (reference[i] as number) - (now[i] as number)
    const k3 = Math.exp(difference) - difference - 1
    const surrogate = Math.min(ratio * a, bounded * a)
    loss += (tokenShare ?? share) * (-surrogate + kl * k3)
    entropy -= share * (now[i] as number)
    clipShare += surrogate < ratio * a ? share : 0
    divergence += share * k3
  }
  return [loss / 3, entropy / 3, clipShare / 3, divergence / 3]
}

/** Ratios below, within and above the clipping range. */
const moved = (now: number[]) =>
  now.map((x, i) => x + (([0.5, 0.05, -0.4, 0.1][i % 4] as number) * (i + 1)) / 6)
const nudged = (now: number[]) => now.map((x, i) => x + 0.3 * Math.sin(i))

describe.each([
  ['as published', {}],
  ['without temperature', { temperature: 1 }],
  ['without deviation and length bias', { tokenShare: 1 / 5 }],
  ['clipped evenly', { clipHigh: 0.2 }],
] as const)('%s', (_, given) => {
  test.each([0, 2])('loss and figures are those of the formula (soft cap %d)', (softcap) => {
    const made = setUp(given, softcap)
    const { loss, metrics } = made.objective
    const now = logProbabilities(made, { ...options, ...given }.temperature)
    const [old, reference] = [moved(now), nudged(now)]
    const feeds = {
      ...made.feeds,
      old: { shape, values: old },
      reference: { shape, values: reference },
    }
    const figures = [metrics.entropy, metrics.clipShare, metrics.kl] as Tensor[]
    const found = evaluate([loss, ...figures], feeds)
    const expected = twin(now, old, reference, { ...options, ...given })
    expect(expected[2]).toBeGreaterThan(0)
    for (const [i, value] of expected.entries()) expect(found[i]?.data[0]).toBeCloseTo(value, 9)
  })
})

test('the gradient is that of the formula, by central differences', () => {
  const made = setUp()
  const { parameters, objective } = made
  const now = logProbabilities(made, options.temperature)
  const feeds: Feeds = {
    ...made.feeds,
    old: { shape, values: moved(now) },
    reference: { shape, values: nudged(now) },
  }
  const tensors = parameters.map(([, { tensor }]) => tensor)
  const gradients = evaluate(grad(objective.loss, tensors), feeds)
  for (const [i, [name, { shape: size }]] of parameters.entries()) {
    const index = (gradients[i]?.data.length ?? 0) >> 1
    const lossAt = (step: number) => {
      const values = Float64Array.from(feeds[name]?.values ?? [])
      values[index] = (values[index] as number) + step
      const made = evaluate([objective.loss], { ...feeds, [name]: { shape: size, values } })
      return made[0]?.data[0] as number
    }
    const measured = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5
    expect(gradients[i]?.data[index]).toBeCloseTo(measured, 7)
  }
})

test('the first update after drawing has ratio 1: the policy gradient, nothing clipped', () => {
  const [once, reused] = [setUp({ kl: 0, reused: false }), setUp({ kl: 0 })]
  const now = logProbabilities(once, options.temperature)
  const feeds = { ...reused.feeds, old: { shape, values: now } }
  const derive = ({ objective, parameters }: typeof once) => {
    const by = parameters.map(([, { tensor }]) => tensor)
    return evaluate(
      [objective.loss, objective.metrics.clipShare as Tensor, ...grad(objective.loss, by)],
      feeds,
    )
  }
  const [first, second] = [derive(once), derive(reused)]
  const gain = shares.reduce((sum, share, i) => sum + share * (advantages[i] as number), 0)
  expect(first[0]?.data[0]).toBeCloseTo(-gain / 3, 12)
  expect(first[1]?.data[0]).toBe(0)
  for (const [i, { data }] of first.entries())
    for (const [j, x] of data.entries()) expect(second[i]?.data[j]).toBeCloseTo(x, 9)
})
