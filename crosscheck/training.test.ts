import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findTorch, trainWithTorch } from '../bench/torch.ts'
import { compareLosses, trainOurselves } from '../bench/train.ts'
import { type TrainingSizes, writeTrainingData } from '../bench/training-task.ts'

const torch = await findTorch()
if (!torch) console.warn('PyTorch was not found, so training is not compared with it')

const CASES: Record<string, TrainingSizes> = {
  'one sequence a step': {
    layers: 1,
    heads: 1,
    width: 16,
    context: 8,
    vocabulary: 11,
    batch: 1,
  },
  'micro-batches side by side': {
    layers: 2,
    heads: 4,
    width: 32,
    context: 16,
    vocabulary: 65,
    batch: 4,
  },
  'micro-batches that add up': {
    layers: 2,
    heads: 2,
    width: 32,
    context: 256,
    vocabulary: 65,
    batch: 8,
  },
  'a vocabulary whose gradient is scattered': {
    layers: 2,
    heads: 2,
    width: 24,
    context: 32,
    vocabulary: 700,
    batch: 6,
  },
}

test.skipIf(!torch && !process.env.CI).each(Object.entries(CASES))(
  'ten losses equal PyTorch’s: %s',
  async (_, sizes) => {
    if (!torch) throw new Error('install PyTorch (Debian: python3-torch) to compare with it')
    const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
    try {
      const files = await writeTrainingData(folder, sizes)
      const task = { ...sizes, ...files, threads: 2, rate: 1e-2, warmup: 0, steps: 10 }
      const ours = await trainOurselves(task)
      const peer = await trainWithTorch(torch, { foreach: false }, task)
      expect(ours.losses).toHaveLength(10)
      expect(compareLosses(ours, peer)).toBeLessThan(1e-3)
      // They fell: equal losses of a model that stands still would prove little.
      expect(ours.losses.at(-1)).toBeLessThan((ours.losses[0] as number) - 0.1)
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)
