import { expect, test } from 'vitest'
import { bertFile, llama2File, robertaFile, t5File } from '../../test/tokenizer-files.ts'
import { fitRows } from './fit-rows.ts'
import { loadTokenizer } from './load.ts'
import { addedToken, type TokenizerJson } from './tokenizer-json.ts'

const files = { BPE: llama2File(), 'byte-level BPE': robertaFile(), WordPiece: bertFile() }

/** With a special token behind all others, in the vocabulary too, as Gemma 3's file has it. */
function withImage(file: TokenizerJson): { json: TokenizerJson; rows: number } {
  const { vocabSize: rows } = loadTokenizer(file)
  const vocab = { ...(file.model.vocab as object), '<image>': rows }
  const added = [...file.added_tokens, addedToken(rows, '<image>', { special: true })]
  return { json: { ...file, added_tokens: added, model: { ...file.model, vocab } }, rows }
}

test.each(Object.entries(files))('%s: an added token without a row is left out', (_, file) => {
  const { json, rows } = withImage(file)
  const given = loadTokenizer(json, { eos_token: '<image>', pad_token: '<image>' })
  expect([given.vocabSize, given.eosId]).toEqual([rows + 1, rows])
  const { tokenizer, without } = fitRows(given, rows)
  expect(without).toEqual(['<image>'])
  expect([tokenizer.vocabSize, tokenizer.eosId, tokenizer.padId]).toEqual([
    rows,
    undefined,
    undefined,
  ])
  const text = 'the <image> cat'
  const plain = loadTokenizer(file)
  expect(tokenizer.encode(text, { specials: true })).toEqual(plain.encode(text))
  expect(given.encode(text, { specials: true })).toContain(rows)
})

test('a vocabulary with scores, too', () => {
  const file = t5File()
  const vocab = [...(file.model.vocab as unknown[]), ['<image>', 0]]
  const rows = vocab.length - 1
  const added = [...file.added_tokens, addedToken(rows, '<image>', { special: true })]
  const given = loadTokenizer({ ...file, added_tokens: added, model: { ...file.model, vocab } })
  const { tokenizer, without } = fitRows(given, rows)
  expect([tokenizer.vocabSize, without]).toEqual([rows, ['<image>']])
})

test('it stays as it is where all have rows, or where text makes one that has none', () => {
  const tokenizer = loadTokenizer(llama2File())
  for (const rows of [tokenizer.vocabSize + 5, tokenizer.vocabSize, tokenizer.vocabSize - 1])
    expect(fitRows(tokenizer, rows)).toEqual({ tokenizer, without: [] })
})
