import { expect, test } from 'vitest'
import { trainCharTokenizer } from '../../text/char.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { IGNORE } from '../batch.ts'
import { targetBytes } from '../target-texts.ts'
import { textDocuments } from '../text-pieces.ts'
import { encodeToMemory } from '../token-source.ts'
import { wholeDocuments } from './whole-documents.ts'

const texts = ['ab', '雪', '', 'abcd']
const tokenizer = await trainCharTokenizer(['abcd雪'], {
  specialTokens: ['<s>', '</s>', '<|endoftext|>'],
})
const [s, e, end] = ['<s>', '</s>', '<|endoftext|>'].map(
  (name) => tokenizer.specialTokens[name],
) as [number, number, number]
const ids = (text: string) => tokenizer.encode(text)
const withRoles = (bosId: number | undefined, eosId: number | undefined): Tokenizer => ({
  ...tokenizer,
  bosId,
  eosId,
  encode: (text, options) => tokenizer.encode(text, options),
  decode: (ids, options) => tokenizer.decode(ids, options),
  decoder: () => tokenizer.decoder(),
  toJSON: () => tokenizer.toJSON(),
})
const read = async (roles: Tokenizer) =>
  wholeDocuments(await encodeToMemory(textDocuments(texts), roles), roles)

test.each([
  ['one token for both', withRoles(end, end), end, end],
  ['two tokens', withRoles(s, e), s, e],
  ['an end alone', withRoles(undefined, end), end, end],
])('each document stands between its beginning and its end: %s', async (_, roles, first, last) => {
  const documents = await read(roles)
  expect(documents.count).toBe(4)
  expect(Array.from(texts, (_, i) => [...documents.tokens(i)])).toEqual(
    texts.map((text) => [first, ...ids(text), last]),
  )
  expect(documents.longest).toBeGreaterThanOrEqual(5)
  const set = documents.examples(5)
  expect(set.notices).toEqual([])
  const batch = set.collate([1, 3])
  expect([...(batch.arrays.targets ?? [])]).toEqual(
    [...ids('雪'), last, IGNORE, IGNORE, IGNORE].concat(ids('abcd'), last),
  )
  expect(batch.count).toBe(7)
  expect(targetBytes([batch], roles)).toBe(3 + 4)
})

test('what is too long is told, and loses its end', async () => {
  const set = (await read(withRoles(end, end))).examples(3)
  expect(set.notices).toEqual(['1 of 4 texts are longer than 3 tokens, and lose their ends'])
  const { arrays } = set.collate([3])
  expect([...(arrays.targets ?? [])]).toEqual(ids('abc'))
})

test('a tokenizer without an end token is refused', async () => {
  await expect(read(withRoles(s, undefined))).rejects.toThrow(
    'no token for the end of a document, which whole documents need',
  )
})
