import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { benchTokenizer } from './tokenizer.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-tokenizer-'))
  const lines = Array.from({ length: 22_000 }, (_, i) => `Line ${i} of a text, made of words.\n`)
  await writeFile(join(folder, 'long.txt'), lines.join(''))
  await writeFile(join(folder, 'short.txt'), 'Too short.')
})
afterAll(() => rm(folder, { recursive: true }))

test('encoding beside both peers, and training', async () => {
  const told: string[] = []
  const rows = await benchTokenizer({
    english: [join(folder, 'long.txt')],
    corpus: [join(folder, 'short.txt')],
    vocabSize: 258,
    report: (text) => told.push(text),
  })
  expect(rows.map(({ name, peerName, unit }) => [name, peerName, unit])).toEqual([
    ['encode English', '@huggingface/tokenizers', 'MB/s'],
    ['encode English', 'gpt-tokenizer', 'MB/s'],
    ['train 0 merges on 0.0 MB: time', undefined, 's'],
    ['train 0 merges on 0.0 MB: memory', undefined, 'MiB'],
  ])
  for (const { ours, peer = NaN, ratio } of rows.slice(0, 2)) expect(ratio).toBe(ours / peer)
  expect(told).toContain('no Chinese text was given, so none is measured')
})

test('a text that is too short is refused', async () => {
  await expect(benchTokenizer({ english: [join(folder, 'short.txt')] })).rejects.toThrow(
    'encode English: 10 characters are too few; give at least 400000',
  )
})
