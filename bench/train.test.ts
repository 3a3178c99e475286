import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFile } from '../src/files/node-file.ts'
import { openSafetensors } from '../src/formats/safetensors/safetensors.ts'
import { runForJson } from './child.ts'
import { median } from './row.ts'
import { compareLosses } from './train.ts'
import { writeTrainingData } from './training-task.ts'

const losses = (...values: number[]) => ({ losses: values, times: [1], peakMemory: 1 })

test('the first ten losses may differ by 0.001', () => {
  const ten = new Array<number>(10).fill(2)
  expect(compareLosses(losses(...ten, 5), losses(...ten.with(9, 2.0005), 9))).toBeCloseTo(5e-4, 9)
  expect(() => compareLosses(losses(...ten), losses(...ten.with(9, 2.002)))).toThrow(
    /^the losses differ by 0.0020: ours 2.0000 .*, the peer's 2.0000 .* 2.0020$/,
  )
  expect(() => compareLosses(losses(1, 2), losses(1))).toThrow('differ by NaN')
  expect(() => compareLosses(losses(Number.NaN), losses(Number.NaN))).toThrow('differ by NaN')
})

test('the median is the middle, or between the two middles', () => {
  expect(median([9, 1, 2])).toBe(2)
  expect(median([10, 1, 2, 4])).toBe(3)
})

test('both sides are given the same weights and batches', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
  const sizes = { layers: 1, heads: 2, width: 8, context: 6, vocabulary: 10, batch: 3 }
  const files = await writeTrainingData(folder, sizes)
  const weights = await openSafetensors(await openFile(files.weights))
  const embedding = await weights.readFloat32('model.embed_tokens.weight')
  expect(weights.tensors.get('model.layers.0.self_attn.q_proj.weight')?.shape).toEqual([8, 8])
  await weights.close()
  expect(embedding.every((x) => x !== 0 && Math.abs(x) < 5)).toBe(true)
  const bytes = await readFile(files.batches)
  const ids = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  expect(ids.length % (3 * 7)).toBe(0)
  expect(Math.min(...ids)).toBe(0)
  expect(Math.max(...ids)).toBe(9)
  await rm(folder, { recursive: true })
})

test('a process answers with its last line, or its complaint', async () => {
  const node = (code: string) => runForJson({ file: process.execPath, args: ['-e', code] })
  expect(await node('console.log("started"); console.log("[1]")')).toEqual([1])
  await expect(node('console.error("no such file"); process.exit(3)')).rejects.toThrow(
    'no such file',
  )
})
