import { expect, test } from 'vitest'
import { z } from 'zod'
import { onResume } from '../options.ts'
import { tuneOptions } from '../tune/options.ts'
import { changedOptions, partsThatDiffer } from './on-resume.ts'
import { trainOptions } from './options.ts'

test.each([
  ['train', trainOptions],
  ['tune', tuneOptions],
])('it is decided for every option of %s what a resumed run does with it', (_, schema) => {
  const table = onResume(schema)
  expect(Object.keys(table).sort()).toEqual(Object.keys(schema.shape).sort())
  for (const [name, kind] of Object.entries(table))
    expect(['fixed', 'derived', 'changeable', 'free'], name).toContain(kind)
})

test('an option that nobody decided about is found', () => {
  const schema = trainOptions.extend({ added: z.number().optional() })
  expect(Object.entries(onResume(schema)).filter(([, kind]) => !kind)).toEqual([
    ['added', undefined],
  ])
})

test('what a resumed run does with some options', () => {
  expect(onResume(trainOptions)).toMatchObject({
    ...{ seed: 'fixed', optimizer: 'fixed', task: 'fixed', model: 'fixed', documents: 'fixed' },
    ...{ vocab: 'fixed', init: 'fixed', maskProbability: 'fixed', temperature: 'fixed' },
    ...{ batch: 'derived', data: 'derived', tokenizer: 'derived', targetContext: 'derived' },
    ...{ lr: 'changeable', labelSmoothing: 'changeable', engine: 'changeable', out: 'free' },
  })
  expect(onResume(tuneOptions)).toMatchObject({
    ...{ model: 'fixed', adapter: 'fixed', rank: 'derived', chatTemplate: 'derived' },
  })
})

test('options are compared as they are saved, and shown as they are typed', () => {
  const table = { minLr: 'changeable', data: 'changeable', seed: 'fixed' } as const
  const before = JSON.parse(JSON.stringify({ minLr: undefined, data: ['a', 'b'], seed: 1 }))
  const differences = (now: object) =>
    changedOptions(table, 'changeable', before, { ...before, ...now })
  expect(differences({ minLr: undefined, seed: 2 })).toEqual([])
  expect(differences({ minLr: 0.1, data: ['a'] })).toEqual([
    '--min-lr: not given before, 0.1 now',
    '--data: a b before, a now',
  ])
})

test('of two values the parts that differ are named by their paths', () => {
  const hash = (digit: string) => digit.repeat(64)
  const before = { config: { dim: 16, head: { labels: ['good', 'bad'] } }, records: hash('a') }
  const now = { config: { dim: 16, head: { labels: ['good', 'poor'] } }, records: hash('b') }
  expect(partsThatDiffer(before, before)).toEqual([])
  expect(partsThatDiffer(before, now)).toEqual([
    'config.head.labels.1: bad before, poor now',
    'records: changed',
  ])
})
