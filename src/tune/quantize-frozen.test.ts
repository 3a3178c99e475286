import { afterAll, expect, test } from 'vitest'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { Lora } from '../formats/peft/lora/lora.ts'
import { Decoder } from '../models/decoder.ts'
import { gpt2Config } from '../models/decoder-config.ts'
import { openEngine } from '../runtime/open.ts'
import { sgd } from '../train/optimizers/index.ts'
import { Trainer } from '../train/trainer.ts'
import { quantizeFrozen } from './quantize-frozen.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const config = gpt2Config({ vocabSize: 11, context: 8, layers: 2, dim: 32, heads: 2 })

/**
 * The model's parameters in memory, and a fresh adapter in training over what `hold` makes of them.
 */
async function training(
  weights: Record<string, Float32Array>,
  hold: (model: Decoder, tensors: Frozen) => Frozen | Promise<Frozen>,
) {
  const model = new Decoder(config)
  const tensors: Frozen = {}
  for (const [name, { shape }] of model.parameters()) {
    const tensor = engine.tensor('float32', shape)
    tensor.write(weights[name] as Float32Array)
    tensors[name] = tensor
  }
  const adapter = new Lora(model, {
    rank: 2,
    alpha: 4,
    dropout: 0,
    layers: 'all-linear',
    rslora: false,
  })
  const frozen = await hold(model, tensors)
  const trainer = await Trainer.create({
    engine,
    model,
    adapter,
    frozen,
    batch: 4,
    length: 8,
    seed: 1,
    optimizer: sgd(),
    weightDecay: 0,
  })
  const ids = Int32Array.from({ length: 32 }, (_, i) => (i * i) % 11)
  const targets = ids.map((id) => (id + 1) % 11)
  const batch = { rows: 4, length: 8, count: 32, arrays: { ids, targets } }
  const results = [await trainer.next(batch, 0.1), await trainer.next(batch, 0.1)]
  const size = trainer.values.layout.size
  await trainer.dispose()
  return { frozen, results, size, parameters: adapter.parameters() }
}

type Frozen = Parameters<typeof quantizeFrozen>[2] &
  Record<string, ReturnType<typeof engine.tensor>>

test.each([8, 4] as const)('%s bits: trains as over what the blocks stand for', async (bits) => {
  const weights = tinyWeights(new Decoder(config))
  const { frozen, results, size, parameters } = await training(weights, (model, tensors) =>
    quantizeFrozen(engine, model, tensors, bits),
  )
  expect(size).toBe(
    [...parameters.values()].reduce((n, { shape }) => n + (shape[0] ?? 0) * (shape[1] ?? 0), 0),
  )
  const held = Object.entries(frozen).filter(([name]) => /q_proj\.weight/.test(name))
  expect(held.map(([name]) => name)).toEqual(
    [0, 1].flatMap((i) =>
      ['blocks', 'scales'].map((part) => `model.layers.${i}.self_attn.q_proj.weight.${part}`),
    ),
  )
  const bytes = (name: string) => frozen[name]?.data?.byteLength
  expect(bytes('model.layers.0.mlp.up_proj.weight.blocks')).toBe((128 * 32 * bits) / 8)

  const rounded = { ...weights }
  for (const name of Object.keys(weights)) {
    const [blocks, scales] = ['blocks', 'scales'].map((part) => frozen[`${name}.${part}`]?.data)
    if (!blocks || !scales) continue
    const numbers = Array.from(blocks, Number).flatMap((byte) =>
      bits === 8 ? byte : [byte % 16, Math.floor(byte / 16)],
    )
    rounded[name] = Float32Array.from(
      numbers,
      (q, i) => Number(scales[Math.floor(i / 32)]) * (q - 2 ** (bits - 1)),
    )
  }
  const plain = await training(rounded, (_, tensors) => tensors)
  const whole = await training(weights, (_, tensors) => tensors)
  for (const [i, { loss, gradientNorm }] of results.entries()) {
    const expected = plain.results[i] as (typeof results)[number]
    // The engine may round what a quantized matrix is multiplied with to 8 bits.
    expect(loss / expected.loss).toBeCloseTo(1, 2)
    expect(gradientNorm / expected.gradientNorm).toBeCloseTo(1, 1)
  }
  expect(whole.results[0]?.loss).not.toBe(results[0]?.loss)
})
