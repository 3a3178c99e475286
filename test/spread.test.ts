import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/**
 * Calls that take each element of a list as an argument, and the few lists that are short for
 * certain.
 */
const CALLS = /(push|unshift|fromCharCode|fromCodePoint)\((\w+(\.\w+)*, )?\.\.\./
const SHORT = [
  'graph/ops/matmul.ts', // axes of a tensor
  'text/bpe/characters.ts', // tokens of a character
  'text/pipeline/unigram.ts', // points of a piece of a vocabulary
  'checkpoint/open-model.ts', // a magic number
  'formats/gguf/header.ts', // a magic number
  'text/jinja/parse.ts', // a tag
  'predict/complete.ts', // a batch
]

it('spreads no list that may be as long as the data into the arguments of a call', () => {
  // 120,000 arguments overflow the stack.
  const root = join(import.meta.dirname, '../src')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.ts$/.test(file) && !/\.test\.ts$|^bench\//.test(file))
  const found = files.filter((file) => CALLS.test(readFileSync(join(root, file), 'utf8')))
  expect(found.filter((file) => !SHORT.includes(file))).toEqual([])
})
