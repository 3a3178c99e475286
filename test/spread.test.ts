import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/**
 * Calls that take each element of a list as an argument, and the few lists that are short for
 * certain.
 */
const CALLS = /(push|unshift|fromCharCode|fromCodePoint)\((\w+(\.\w+)*, )?\.\.\./
const SHORT = [
  // Axes of a tensor; tokens of a character; points of a piece of a vocabulary; a magic number; a
  // tag; a batch.
  ...['graph/ops/matmul.ts', 'text/bpe/characters.ts', 'text/pipeline/unigram.ts'],
  ...[
    'deploy/sources/index.ts',
    'models/gguf/header.ts',
    'text/jinja/parse.ts',
    'evaluate/completions.ts',
  ],
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
