import { describe, expect, test } from 'vitest'
import { evaluate, type Feeds } from '../../test/interpreter/evaluate.ts'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { grad, input, type Tensor } from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import { llamaConfig } from '../models/decoder-config.ts'
import { Random } from '../random.ts'
import { answerLogProbabilities, type PreferenceLoss, preferenceObjective } from './preference.ts'

const sizes = { vocabSize: 11, context: 5, layers: 1, dim: 8, heads: 2 }
const model = new Decoder(llamaConfig({ ...sizes, kvHeads: 1 }))
const parameters = [...model.parameters()]
const [rows, length] = [3, 5]

/** Two pairs, each with the preferred answer first, and one that only fills up the micro-batch. */
const ids = [3, 1, 4, 1, 5, 3, 1, 9, 2, 0, 6, 5, 3, 5, 8, 6, 5, 9, 7, 9, ...Array(10).fill(0)]
const targets = [
  ...[-100, 4, 1, 5, -100, -100, 9, 2, -100, -100],
  ...[-100, -100, 5, 8, 2, -100, -100, 7, 9, 1],
  ...Array(10).fill(-100),
]
const reference = targets.map((target, i) => (target < 0 ? 0 : -1.5 - 0.3 * (i % 7)))

const feedsOf = (weights: Record<string, ArrayLike<number>>): Feeds => ({
  ...Object.fromEntries(
    parameters.map(([name, { shape }]) => [name, { shape, values: weights[name] ?? [] }]),
  ),
  ids: { shape: [rows, 2, length], values: ids },
  targets: { shape: [rows, 2, length], values: targets },
  reference: { shape: [rows, 2, length], values: reference },
  weight: { shape: [], values: [1 / 2] },
})

const plain: PreferenceLoss = {
  loss: 'sigmoid',
  beta: 0.3,
  labelSmoothing: 0,
  referenceFree: false,
  lengthNormalized: false,
  gamma: 0,
  nllWeight: 0,
}
const KIN: Record<string, Partial<PreferenceLoss>> = {
  DPO: {},
  'conservative DPO': { labelSmoothing: 0.2 },
  IPO: { loss: 'ipo' },
  'IPO by the token': { loss: 'ipo', lengthNormalized: true, beta: 0.7 },
  hinge: { loss: 'hinge', beta: 0.1 },
  SimPO: { referenceFree: true, lengthNormalized: true, gamma: 0.4, beta: 2 },
  'with the loss of preferred answers': { nllWeight: 0.5 },
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

/** The papers' formulas, of logits that the interpreter computes, in plain numbers. */
function slowTwin(weights: Record<string, ArrayLike<number>>, o: PreferenceLoss) {
  const flat = input('ids', 'int32', [2 * rows, length])
  const feeds = { ...feedsOf(weights), ids: { shape: [2 * rows, length], values: ids } }
  const [logits] = evaluate([model.logits(model.hidden(flat))], feeds)
  const { vocabSize } = sizes
  const answer = (row: number) => {
    const known = targets
      .slice(row * length, (row + 1) * length)
      .flatMap((target, i) => (target < 0 ? [] : [[row * length + i, target] as const]))
    const own = known.map(([place, target]) => {
      const all = [...(logits?.data ?? [])].slice(place * vocabSize, (place + 1) * vocabSize)
      return (all[target] as number) - Math.log(sum(all.map(Math.exp)))
    })
    const theirs = known.map(([place]) => (o.referenceFree ? 0 : (reference[place] as number)))
    const share = o.lengthNormalized ? 1 / own.length : 1
    const ratios = own.map((one, i) => one - (theirs[i] as number))
    return {
      reward: o.beta * share * (sum(own) - sum(theirs)),
      logProbability: sum(own),
      nll: -sum(own) / own.length,
      kl: sum(ratios.map((ratio) => Math.exp(ratio) - 1 - ratio)) / own.length,
    }
  }
  const pairs = [0, 1].map((pair) => {
    const [chosen, rejected] = [answer(2 * pair), answer(2 * pair + 1)]
    const margin = chosen.reward - rejected.reward
    const h = margin - o.gamma
    const losses = {
      sigmoid:
        -(1 - o.labelSmoothing) * Math.log(sigmoid(h)) - o.labelSmoothing * Math.log(sigmoid(-h)),
      ipo: (h / o.beta - 1 / (2 * o.beta)) ** 2,
      hinge: Math.max(0, 1 - h),
    }
    return { chosen, rejected, margin, loss: losses[o.loss] + o.nllWeight * chosen.nll }
  })
  const mean = (of: (pair: (typeof pairs)[number]) => number) => sum(pairs.map(of)) / pairs.length
  return {
    loss: mean(({ loss }) => loss),
    rewardChosen: mean(({ chosen }) => chosen.reward),
    rewardRejected: mean(({ rejected }) => rejected.reward),
    margin: mean(({ margin }) => margin),
    accuracy: mean(({ margin }) => Number(margin > 0)),
    logProbabilityChosen: mean(({ chosen }) => chosen.logProbability),
    logProbabilityRejected: mean(({ rejected }) => rejected.logProbability),
    kl: mean(({ chosen, rejected }) => (chosen.kl + rejected.kl) / 2),
  }
}

describe('loss, figures and derivatives are those of the slow twin', () => {
  test.each(Object.entries(KIN))('%s', (_, options) => {
    const given = { ...plain, ...options }
    const weights = tinyWeights(model)
    const { loss, metrics } = preferenceObjective(model, { ...given, rows, length })
    const names = Object.keys(metrics)
    const gradients = grad(
      loss,
      parameters.map(([, { tensor }]) => tensor),
    )
    const [value, ...others] = evaluate(
      [loss, ...Object.values(metrics), ...gradients],
      feedsOf(weights),
    )
    const twin = slowTwin(weights, given)
    expect(value?.data[0]).toBeCloseTo(twin.loss, 10)
    for (const [i, name] of names.entries())
      expect(others[i]?.data[0], name).toBeCloseTo(twin[name as keyof typeof twin], 10)
    expect(names.includes('kl')).toBe(!given.referenceFree)
    // Along a random direction all derivatives show at once.
    const random = new Random(7)
    let derived = 0
    const directions = parameters.map(([name], i) => {
      const gradient = others[names.length + i]?.data as Float64Array
      const direction = Float64Array.from(gradient, () => random.normal())
      for (const [j, x] of gradient.entries()) derived += x * (direction[j] as number)
      return [name, direction] as const
    })
    const lossAt = (step: number) => {
      const moved = directions.map(([name, direction]) => {
        const from = weights[name] as Float32Array
        return [name, direction.map((x, j) => (from[j] as number) + step * x)] as const
      })
      return slowTwin(Object.fromEntries(moved), given).loss
    }
    const measured = (lossAt(1e-6) - lossAt(-1e-6)) / 2e-6
    expect(Math.abs(derived)).toBeGreaterThan(1e-3)
    expect(derived).toBeCloseTo(measured, 6)
  })
})

test('a model that is its own reference has no rewards, and the loss of a coin', () => {
  const weights = tinyWeights(model)
  const shape = [rows, 2, length]
  const given = { ids: input('ids', 'int32', shape), targets: input('targets', 'int32', shape) }
  const [own] = evaluate([answerLogProbabilities(model, given)], feedsOf(weights))
  const feeds = {
    ...feedsOf(weights),
    reference: { shape, values: Float64Array.from(own?.data ?? []) },
  }
  const { loss, metrics } = preferenceObjective(model, { ...plain, rows, length })
  const { margin, accuracy, kl } = metrics
  const [value, ...others] = evaluate([loss, margin, accuracy, kl] as Tensor[], feeds)
  expect(value?.data[0]).toBeCloseTo(Math.log(2), 12)
  for (const one of others) expect(one.data[0]).toBeCloseTo(0, 12)
})
