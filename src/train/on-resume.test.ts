import { expect, test } from 'vitest'
import { TUNE_ON_RESUME, tuneOptions } from '../tune/options.ts'
import { changedOptions, partsThatDiffer, TRAIN_ON_RESUME } from './on-resume.ts'
import { trainOptions } from './options.ts'

test.each([
  ['train', trainOptions, TRAIN_ON_RESUME],
  ['tune', tuneOptions, TUNE_ON_RESUME],
])('it is decided for every option of %s what a resumed run does with it', (_, schema, table) => {
  expect(Object.keys(table).sort()).toEqual(Object.keys(schema.shape).sort())
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
