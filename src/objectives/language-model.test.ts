import { afterAll, beforeAll, expect, test } from 'vitest'
import { input, type Tensor, toOnnx } from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import { gpt2Config, llamaConfig } from '../models/decoder-config.ts'
import { initialize } from '../models/parameters.ts'
import { segmentBias } from '../nn/index.ts'
import { Random } from '../random.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { openEngine } from '../runtime/open.ts'
import { languageModelObjective } from './language-model.ts'

let engine: Engine
beforeAll(async () => {
  engine = await openEngine({ engine: 'cpu', threads: 1 })
})
afterAll(() => engine.dispose())

const sizes = { vocabSize: 13, context: 12, layers: 2, dim: 16, heads: 2 }

/** Logits (T, V) of one sequence; with `segments` it is packed. */
async function logits(decoder: Decoder, ids: number[], segments?: number[], positions?: number[]) {
  const feeds: Record<string, number[]> = { ids, ...(segments && { segments, positions }) }
  const shape = [1, ids.length]
  const inputs = Object.fromEntries(
    Object.keys(feeds).map((name) => [name, input(name, 'int32', shape)]),
  ) as Record<string, Tensor> & { ids: Tensor }
  const hidden = decoder.hidden(inputs.ids, {
    positions: inputs.positions,
    attentionBias: inputs.segments && segmentBias(inputs.segments),
  })
  const program = await engine.compile(
    toOnnx({ logits: decoder.logits(hidden) }, { target: 'cpu' }),
  )
  const random = new Random(5)
  const tensors: Record<string, DeviceTensor> = {}
  for (const [name, { shape }] of decoder.parameters())
    tensors[name] = engine.tensor('float32', shape)
  initialize(decoder, random, (name) => tensors[name]?.data as Float32Array)
  for (const [name, values] of Object.entries(feeds)) {
    tensors[name] = engine.tensor('int32', shape)
    tensors[name].write(values)
  }
  tensors.logits = engine.tensor('float32', [ids.length, sizes.vocabSize])
  await program.bind(tensors).run()
  const result = Array.from((await tensors.logits.read()) as Float32Array)
  program.dispose()
  for (const tensor of Object.values(tensors)) tensor.dispose()
  return result
}

test.each([
  ['learned positions', gpt2Config(sizes)],
  ['rotary positions', llamaConfig({ ...sizes, kvHeads: 1 })],
])('packed conversations are as if each stood alone: %s', async (_, config) => {
  const decoder = new Decoder(config)
  const [first, second] = [
    [3, 1, 4, 1, 5],
    [9, 2, 6],
  ]
  const packed = await logits(
    decoder,
    [...first, ...second, 0, 0],
    [1, 1, 1, 1, 1, 2, 2, 2, 0, 0],
    [0, 1, 2, 3, 4, 0, 1, 2, 0, 0],
  )
  const apart = [...(await logits(decoder, first)), ...(await logits(decoder, second))]
  for (const [i, value] of apart.entries()) expect(packed[i]).toBeCloseTo(value, 5)
  // Without the bias the second conversation would see the first.
  const joined = await logits(decoder, [...first, ...second])
  expect(Math.abs((joined.at(-1) ?? 0) - (apart.at(-1) ?? 0))).toBeGreaterThan(1e-3)
})

test('a packed graph has positions for its own length, however long the context is', () => {
  const decoder = new Decoder(llamaConfig({ ...sizes, kvHeads: 1, context: 1 << 24 }))
  const sized = { rows: 1, length: 8, dropout: false, packed: true }
  const { loss } = languageModelObjective(decoder, sized)
  expect(toOnnx({ loss }, { target: 'cpu' }).bytes.length).toBeLessThan(100_000)
})
