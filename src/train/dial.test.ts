import { expect, test } from 'vitest'
import { architectureOf, readConfig, writeConfig } from '../formats/huggingface/config.ts'
import { createModel, stacksOf } from '../models/model.ts'
import { type ModelSizes, modelConfig, withDropout } from './dial.ts'

const needs = { vocabSize: 61 }

test.each<[ModelSizes, string, Record<string, unknown>]>([
  [{ architecture: 'gpt2', output: 'untied' }, 'gpt2', { tied: false }],
  [{ architecture: 'llama', output: 'tied' }, 'llama', { tied: true }],
  [{ architecture: 'llama', activation: 'relu' }, 'llama', { activation: 'relu' }],
  [{ architecture: 'gpt2', activation: 'silu' }, 'gpt2', { activation: 'silu' }],
  [{ architecture: 'llama', ropeTheta: 500_000 }, 'llama', { ropeTheta: 500_000 }],
  [{ architecture: 'gemma3', ropeTheta: 5000 }, 'gemma3_text', { windowRopeTheta: 10_000 }],
  [{ architecture: 'llama', norm: 'none' }, 'chatwright', { norm: 'none' }],
  [{ architecture: 'llama', norm: 'layer' }, 'chatwright', { norm: 'layer', normBias: false }],
  [{ architecture: 'gpt2', feedForward: 'none' }, 'chatwright', { feedForward: 'none' }],
  [{ architecture: 'gpt2', feedForwardDropout: 0.25 }, 'gpt2', { feedForwardDropout: 0.25 }],
  [{ architecture: 't5', output: 'tied' }, 't5', { tied: true, outputScale: 256 ** -0.5 }],
  [{ architecture: 't5', activation: 'relu' }, 't5', { tied: false }],
])('%j is saved as %s and read again', (sizes, architecture, expected) => {
  const config = modelConfig(sizes, needs)
  expect(config).toMatchObject(expected)
  expect(architectureOf(config).modelType).toBe(architecture)
  const { config: read, unknown } = readConfig(JSON.parse(JSON.stringify(writeConfig(config, {}))))
  expect(unknown).toEqual([])
  const { feedForwardDropout: _, ...kept } = expected
  expect(read).toMatchObject(kept)
  for (const stack of stacksOf(read))
    if (sizes.activation) expect(stack.activation).toBe(sizes.activation)
})

test.each<[ModelSizes, string]>([
  [{ architecture: 'gpt2', ropeTheta: 5 }, 'ropeTheta is 5, and positions are learned'],
  [{ feedForward: 'none', hiddenDim: 5 }, 'hiddenDim is 5, and there are no feed-forward'],
  [{ feedForward: 'none', activation: 'relu' }, 'activation is relu, and there are no'],
  [{ feedForward: 'none', feedForwardDropout: 0.1 }, 'feedForwardDropout is 0.1, and there'],
])('what would change nothing is refused: %j', (sizes, message) => {
  expect(() => modelConfig(sizes, needs)).toThrow(message)
})

test('experts take no dropout', () => {
  for (const sizes of [{ architecture: 'mixtral' }, { experts: 4 }] as const)
    expect(() => createModel(modelConfig({ ...sizes, feedForwardDropout: 0.1 }, needs))).toThrow(
      'feedForwardDropout is 0.1, and experts take no dropout; leave it out, or the experts',
    )
})

test('a model without an output over the vocabulary has none to tie', () => {
  const head = { task: 'classify', labels: ['a', 'b'] } as const
  const given = { ...needs, head: { ...head, labels: [...head.labels] } }
  for (const architecture of ['bert', 'llama'] as const)
    expect(() => modelConfig({ architecture, output: 'tied' }, given)).toThrow(
      'output is tied, and the',
    )
})

test.each(['gpt2', 't5'] as const)('%s gets the dropout that a new model has', (architecture) => {
  const needs = { vocabSize: 10 }
  const plain = modelConfig({ architecture, depth: 1 }, needs)
  const expected = modelConfig({ architecture, depth: 1, dropout: 0.2 }, needs)
  expect(withDropout(plain, 0.2)).toEqual(expected)
  expect(withDropout(expected, 0)).toEqual(plain)
})
