import { input, sizeOf, toOnnx } from '../src/graph/index.ts'
import type { Decoder } from '../src/models/decoder.ts'
import {
  type DecoderConfig,
  type DecoderSizes,
  gpt2Config,
  llamaConfig,
} from '../src/models/decoder-config.ts'
import { Random } from '../src/random.ts'
import type { Engine } from '../src/runtime/engine.ts'

const sizes: DecoderSizes = { vocabSize: 61, context: 48, layers: 2, dim: 32, heads: 4 }

/** Architectures that differ in what decoding must get right. */
export const tinyConfigs: Record<string, DecoderConfig> = {
  'GPT-2': gpt2Config({ ...sizes, headDim: 8 }),
  'GPT-2 with heads of 5': gpt2Config({ ...sizes, heads: 3, kvHeads: 3, headDim: 5 }),
  Llama: llamaConfig({ ...sizes, dim: 64, headDim: 16, kvHeads: 4 }),
  'Llama with grouped heads of 8': llamaConfig({ ...sizes, kvHeads: 2 }),
  'Llama with one key head, tied': llamaConfig({ ...sizes, headDim: 6, kvHeads: 1, tied: true }),
}

/** Values large enough that every part of the model shows in its logits. */
export function tinyWeights(decoder: Decoder, seed = 1): Record<string, Float32Array> {
  const random = new Random(seed)
  const entries = [...decoder.parameters()].map(([name, { shape }]) => {
    const scale = shape.length === 1 ? 0.1 : 1.5 / Math.sqrt(shape[1] ?? 1)
    const center = /norm\.weight$/.test(name) ? 1 : 0
    const values = Float32Array.from(
      { length: sizeOf(shape) },
      () => center + scale * random.normal(),
    )
    return [name, values] as const
  })
  return Object.fromEntries(entries)
}

/** Logits after every token of `ids`, (V) each, without a cache: the slow, obvious twin. */
export async function uncachedLogits(
  engine: Engine,
  decoder: Decoder,
  weights: Readonly<Record<string, Float32Array>>,
  ids: readonly number[],
): Promise<Float32Array[]> {
  const logits = decoder.logits(decoder.hidden(input('ids', 'int32', [1, ids.length])))
  const program = await engine.compile(toOnnx({ logits }, { target: engine.name }))
  const tensors = program.inputs.map(({ name, shape, dtype }) => {
    const tensor = engine.tensor(dtype, shape as number[])
    tensor.write(name === 'ids' ? [...ids] : (weights[name] as Float32Array))
    return [name, tensor] as const
  })
  const output = engine.tensor('float32', [ids.length, decoder.config.vocabSize])
  await program.bind({ ...Object.fromEntries(tensors), logits: output }).run()
  const values = (await output.read()) as Float32Array
  program.dispose()
  for (const tensor of [output, ...tensors.map(([, t]) => t)]) tensor.dispose()
  const size = decoder.config.vocabSize
  return ids.map((_, i) => values.slice(i * size, (i + 1) * size))
}
