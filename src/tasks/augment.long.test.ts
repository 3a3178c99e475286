import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stoppedTraining } from '../../test/stopped-training.ts'

test.each([
  ['lm', { documents: 'packed' }],
  ['lm', { documents: 'whole' }],
  ['mlm', {}],
] as const)('an augmented training on text resumes exactly: %s %j', async (task, own) => {
  const folder = await mkdtemp(join(tmpdir(), 'chatwright-augment-'))
  const line = JSON.stringify({ text: 'a good meal. come again! 菜不好吃，我们不再来。' })
  const data = [join(folder, 'text.jsonl')]
  await writeFile(join(folder, 'text.jsonl'), `${line}\n`.repeat(30))
  const sizes = { layers: 1, dim: 16, heads: 1, context: 24, batch: 4, steps: 6, threads: 1 }
  const options = { ...sizes, ...own, data, task, tokenizer: 'char', evalEvery: 3 }
  const augment = { deletion: 0.3, swap: 0.3, rotation: 1 }
  const varied = await stoppedTraining(join(folder, 'varied'), { ...options, augment })
  expect(varied.resumed).toEqual(varied.whole)
  expect(varied.whole).toHaveLength(6)
  const plain = await stoppedTraining(join(folder, 'plain'), options)
  expect(plain.resumed).toEqual(plain.whole)
  expect(plain.whole).not.toEqual(varied.whole)
  await rm(folder, { recursive: true })
})
