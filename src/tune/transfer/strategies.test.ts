import { expect, test } from 'vitest'
import { gpt2Config } from '../../models/decoder-config.ts'
import { type Situation, STRATEGIES } from './strategies.ts'
import type { Target } from './targets.ts'
import { variantsOf } from './variants.ts'

const target = (more: Partial<Target>): Target => ({
  name: 'reviews',
  task: 'classify',
  data: ['new'],
  test: ['test'],
  known: false,
  options: {},
  learnedHash: '',
  testHash: '',
  ...more,
})
const old = target({ name: 'old', task: 'lm', data: ['old'], known: true })
const base = gpt2Config({ vocabSize: 9, context: 8, layers: 3, dim: 8, heads: 2 })

const situation = (more: Partial<Situation> = {}): Situation => ({
  target: target({}),
  targets: [old],
  base,
  length: {},
  replayShare: 0.25,
  ...more,
})

test('gradual unfreezing goes from the head down, an epoch for each layer', () => {
  expect(STRATEGIES['gradual-unfreezing'](situation())).toEqual([
    { learn: ['head.*'], epochs: 1 },
    { freeze: ['model.embed*', 'model.layers.0.*', 'model.layers.1.*'], epochs: 1 },
    { freeze: ['model.embed*', 'model.layers.0.*'], epochs: 1 },
    { epochs: 1 },
  ])
  // Without a head it begins with the highest layer.
  const text = situation({ target: target({ task: 'lm' }), length: { steps: 10 } })
  const stages = STRATEGIES['gradual-unfreezing'](text)
  expect(stages.map(({ steps }) => steps)).toEqual([3, 3, 4])
  expect(stages[0]?.freeze).toContain('model.layers.1.*')
  const timed = STRATEGIES['gradual-unfreezing'](situation({ length: { seconds: 8 } }))
  expect(timed.map(({ seconds }) => seconds)).toEqual([2, 2, 2, 2])
})

test('replay mixes in what the base knows, by its share', () => {
  const text = situation({ target: target({ task: 'lm' }) })
  expect(STRATEGIES.replay(text)).toEqual([{ data: ['new', 'old'], weights: [0.75, 0.25] }])
})

test('each variant has one thing alone, as strong as its option says', () => {
  expect(variantsOf([], { dropout: 0.2 }, [])).toEqual([{ name: 'given', options: {} }])
  expect(variantsOf(['dropout', 'augmentation'], { dropout: 0.2 }, [old])).toEqual([
    { name: 'plain', options: { dropout: 0, augment: undefined, synonyms: undefined } },
    { name: 'dropout', options: { dropout: 0.2, augment: undefined, synonyms: undefined } },
    { name: 'augmentation', options: { dropout: 0, augment: { deletion: 0.1, swap: 0.1 } } },
  ])
})
