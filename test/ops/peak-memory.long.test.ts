import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  crossEntropy,
  grad,
  input,
  linear,
  linearCrossEntropy,
  sum,
  type Tensor,
  toOnnx,
} from '../../src/graph/index.ts'
import { Decoder } from '../../src/models/decoder.ts'
import { gpt2Config } from '../../src/models/decoder-config.ts'
import { nextToken } from '../../src/objectives/language-model.ts'

interface Report {
  megabytes: number
  sums: Record<string, number>
}

/**
 * Peak memory of a process that computes `loss` and its gradients once, and the results' squares.
 */
function measure(loss: Tensor, parameters: readonly Tensor[]): Report {
  const gradients = grad(loss, parameters).map((g, i) => [`gradient ${i}`, g])
  const model = toOnnx({ loss, ...Object.fromEntries(gradients) }, { target: 'cpu' })
  const folder = mkdtempSync(join(tmpdir(), 'chatwright-'))
  try {
    const [file, inputs] = [join(folder, 'model.onnx'), join(folder, 'inputs.json')]
    writeFileSync(file, model.bytes)
    writeFileSync(inputs, JSON.stringify(model.inputs))
    const child = join(import.meta.dirname, 'peak-memory-child.mjs')
    return JSON.parse(execFileSync(process.execPath, [child, file, inputs], { encoding: 'utf8' }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function expectSameSums(a: Report, b: Report): void {
  expect(Object.keys(a.sums)).toEqual(Object.keys(b.sums))
  for (const [name, value] of Object.entries(a.sums))
    expect(Math.abs(value - (b.sums[name] ?? 0))).toBeLessThanOrEqual(1e-5 * Math.abs(value))
}

const [LAYERS, HIDDEN] = [12, 2048]

/** A decoder of 12 layers; each keeps 3 tensors (1024, 2048) of 8 MB for its gradient. */
function deepDecoder(recompute: boolean): Report {
  const sizes = { vocabSize: 97, context: 64, layers: LAYERS, dim: 64, heads: 2, hiddenDim: HIDDEN }
  const model = new Decoder(gpt2Config({ ...sizes, feedForwardDropout: 0.1 }))
  const { loss } = nextToken(model, 64)({ rows: 16, dropout: true, recompute })
  return measure(
    loss,
    [...model.parameters().values()].map(({ tensor }) => tensor),
  )
}

/** The logits are 1024 x 20,000: 78 MB. */
function largeVocabulary(by: 'whole' | 'chunks' | 'rows'): Report {
  const x = input('x', 'float32', [1024, 64])
  const table = input('table', 'float32', [20_000, 64])
  const targets = input('targets', 'int32', [1024])
  const inChunks = linearCrossEntropy(x, table, targets, { chunk: 128 })
  const loss = {
    whole: sum(crossEntropy(linear(x, table), targets)),
    chunks: inChunks.loss,
    rows: sum(inChunks.losses),
  }
  return measure(loss[by], [x, table])
}

describe.skipIf(process.platform !== 'linux')('peak memory of a training step', () => {
  test('falls by more than half of what the layers keep when they are recomputed', () => {
    const [kept, recomputed] = [deepDecoder(false), deepDecoder(true)]
    expectSameSums(kept, recomputed)
    expect(kept.megabytes - recomputed.megabytes).toBeGreaterThan((LAYERS * 3 * 8) / 2)
  })

  test('falls by more than the size of all logits when they are made in chunks', () => {
    const whole = largeVocabulary('whole')
    for (const by of ['chunks', 'rows'] as const) {
      const chunks = largeVocabulary(by)
      expectSameSums(whole, chunks)
      expect(whole.megabytes - chunks.megabytes).toBeGreaterThan(78)
    }
  })
})
