import { expect, test } from 'vitest'
import { trainBpe } from './bpe/train.ts'
import { fnv1a, tokenizerHash } from './hash.ts'
import { loadTokenizer } from './load.ts'

test.each([
  ['', 'cbf29ce484222325'],
  ['a', 'af63dc4c8601ec8c'],
  ['foobar', '85944171f73967e8'],
])('FNV-1a of %j is the published %s', (text, hash) => {
  expect(fnv1a(new TextEncoder().encode(text))).toBe(hash)
})

test('tokenizers saved alike have one hash, others have others', async () => {
  const train = (text: string) => trainBpe([text], { vocabSize: 262 })
  const tokenizer = await train('abab abab')
  const hash = tokenizerHash(tokenizer)
  expect(hash).toMatch(/^[0-9a-f]{16}$/)
  expect(tokenizerHash(await train('abab abab'))).toBe(hash)
  expect(tokenizerHash(await train('abab abaa'))).not.toBe(hash)
  const reordered = Object.fromEntries(Object.entries(tokenizer.toJSON()).reverse())
  expect(tokenizerHash(loadTokenizer(reordered))).toBe(hash)
})
