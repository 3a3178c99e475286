import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { runForJson } from '../bench/child.ts'
import { findTorch } from '../bench/torch.ts'
import { grad, input } from '../src/graph/index.ts'
import { Decoder } from '../src/models/decoder.ts'
import { llamaConfig } from '../src/models/decoder-config.ts'
import { type PreferenceLoss, preferenceObjective } from '../src/objectives/preference.ts'
import { Random } from '../src/random.ts'
import { evaluate } from '../test/interpreter/evaluate.ts'

const torch = await findTorch()
if (!torch) console.warn('PyTorch was not found, so no loss of preferences is compared with it')
const check = test.skipIf(!torch && !process.env.CI)

const [rows, length, dim, vocabSize] = [4, 6, 8, 13]
const shape = [rows, 2, length]
const random = new Random(5)
const numbers = (count: number) => Array.from({ length: count }, () => random.normal())
const hidden = numbers(rows * 2 * length * dim)
const weight = numbers(vocabSize * dim)
/** Prompts and answers of many lengths. */
const targets = Array.from({ length: rows * 2 * length }, (_, i) => {
  const [answer, place] = [Math.floor(i / length), i % length]
  const isAnswer = place > answer % 3 && place < length - (answer % 2)
  return isAnswer ? random.integer(vocabSize) : -100
})
const reference = targets.map((target) => (target < 0 ? 0 : -1 - random.uniform()))

/** A flat list as nested lists of a shape. */
const nested = (values: readonly unknown[], [size = 0, ...inner]: readonly number[]): unknown[] => {
  if (inner.length === 0) return [...values]
  const part = values.length / size
  return Array.from({ length: size }, (_, i) =>
    nested(values.slice(i * part, (i + 1) * part), inner),
  )
}

const plain: PreferenceLoss = {
  loss: 'sigmoid',
  beta: 0.2,
  labelSmoothing: 0,
  referenceFree: false,
  lengthNormalized: false,
  gamma: 0,
  nllWeight: 0,
}

check.each<[string, Partial<PreferenceLoss>]>([
  ['DPO', {}],
  ['conservative DPO', { labelSmoothing: 0.1 }],
  ['IPO', { loss: 'ipo' }],
  ['hinge', { loss: 'hinge' }],
  ['SimPO', { referenceFree: true, lengthNormalized: true, beta: 2, gamma: 0.6 }],
  ['DPO with the loss of preferred answers', { nllWeight: 0.7 }],
])('loss and gradients are PyTorch’s: %s', async (_, options) => {
  if (!torch) throw new Error('install PyTorch (Debian: python3-torch) to compare with it')
  const given = { ...plain, ...options }
  const theirs = (await runForJson({
    file: torch.python,
    args: [
      resolve('peers/torch/preferences.py'),
      JSON.stringify({
        ...given,
        hidden: nested(hidden, [...shape, dim]),
        weight: nested(weight, [vocabSize, dim]),
        targets: nested(targets, shape),
        reference: nested(reference, shape),
      }),
    ],
  })) as { loss: number; hidden: number[]; weight: number[] }

  const config = llamaConfig({ vocabSize, context: length, layers: 1, dim, heads: 2 })
  const model = new Decoder({ ...config, tied: false })
  // The hidden states are those given, whatever the layers make.
  const states = input('states', 'float32', [rows * 2 * length, dim])
  model.model.taps.add((path, value) => (path === 'model.norm' ? states : value))
  const { loss } = preferenceObjective(model, { ...given, rows, length })
  const [value, ofStates, ofWeight] = evaluate(
    [loss, ...grad(loss, [states, model.outputWeight])],
    {
      states: { shape: [rows * 2 * length, dim], values: hidden },
      'lm_head.weight': { shape: [vocabSize, dim], values: weight },
      targets: { shape, values: targets },
      reference: { shape, values: reference },
      weight: { shape: [], values: [1 / rows] },
    },
  )
  expect(value?.data[0]).toBeCloseTo(theirs.loss, 10)
  for (const [ours, expected] of [
    [ofStates?.data, theirs.hidden],
    [ofWeight?.data, theirs.weight],
  ] as const) {
    expect(ours).toHaveLength(expected.length)
    for (const [i, x] of expected.entries()) expect(ours?.[i]).toBeCloseTo(x, 10)
  }
})
