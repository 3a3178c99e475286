import { expect, it } from 'vitest'
import { UserError } from '../errors.ts'
import { parseModelName, readModelName } from './model-name.ts'

it.each([
  ['openai-community/gpt2', 'openai-community/gpt2', 'main'],
  ['Qwen/Qwen2.5-0.5B@v1.0', 'Qwen/Qwen2.5-0.5B', 'v1.0'],
  ['a/b_c@refs/pr/1', 'a/b_c', 'refs/pr/1'],
])('reads %s', (text, name, revision) => {
  expect(readModelName(text)).toEqual({ name, revision })
})

it.each([
  'gpt2',
  './my/model',
  '/my/model',
  '~/model',
  'a/b/c',
  'my models/b',
  '../b',
  'a/..',
  'a/b--c',
  'a/b.git',
  '-a/b',
  'a-/b',
  'a/b@',
  'a/b@../../x',
  'a/b@/x',
  `a/${'b'.repeat(97)}`,
])('does not take %s for a model', (text) => {
  expect(readModelName(text)).toBeUndefined()
  expect(() => parseModelName(text)).toThrow(UserError)
})
