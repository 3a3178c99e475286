import { input, sizeOf, toOnnx } from '../src/graph/index.ts'
import {
  type DecoderConfig,
  type DecoderSizes,
  gpt2Config,
  llamaConfig,
} from '../src/models/decoder-config.ts'
import { EncoderDecoder, fuseSources } from '../src/models/encoder-decoder.ts'
import { type WritingModel, writingStack } from '../src/models/model.ts'
import type { Module } from '../src/nn/index.ts'
import { Random } from '../src/random.ts'
import type { Engine } from '../src/runtime/engine.ts'

const sizes: DecoderSizes = { vocabSize: 61, context: 48, layers: 2, dim: 32, heads: 4 }

const llama = llamaConfig({ ...sizes, dim: 64, headDim: 16, kvHeads: 2 })

/** Architectures that differ in what decoding must get right. */
export const tinyConfigs: Record<string, DecoderConfig> = {
  'GPT-2': gpt2Config({ ...sizes, headDim: 8 }),
  'GPT-2 with heads of 5': gpt2Config({ ...sizes, heads: 3, kvHeads: 3, headDim: 5 }),
  Llama: llamaConfig({ ...sizes, dim: 64, headDim: 16, kvHeads: 4 }),
  'Llama with grouped heads of 8': llamaConfig({ ...sizes, kvHeads: 2 }),
  'Llama with one key head, tied': llamaConfig({ ...sizes, headDim: 6, kvHeads: 1, tied: true }),
  'Llama 3, scaled positions': {
    ...llama,
    ropeScaling: { kind: 'llama3', factor: 8, original: 16, low: 1, high: 4 },
  },
  Mistral: { ...llama, window: 5 },
  'Qwen 2': { ...llama, attentionBias: 'qkv', window: 4, windowed: [false, true] },
  'Qwen 3': { ...llama, qkNorm: true },
  'Gemma 2': {
    ...llama,
    tied: true,
    normPosition: 'both',
    activation: 'gelu_tanh',
    attentionScale: 0.125,
    embeddingScale: 8,
    attentionSoftcap: 3,
    logitSoftcap: 2,
    window: 6,
    windowed: [true, false],
  },
  'Gemma 3': {
    ...llama,
    tied: true,
    normPosition: 'both',
    activation: 'gelu_tanh',
    qkNorm: true,
    embeddingScale: 8,
    window: 6,
    windowed: [true, false],
    windowRopeTheta: 100,
  },
  Mixtral: {
    ...llama,
    hiddenDim: 24,
    experts: { count: 4, perToken: 2, hiddenDim: 24, normalized: true, balance: 0.01 },
  },
  'Qwen 3 with experts': {
    ...llama,
    qkNorm: true,
    experts: {
      count: 5,
      perToken: 3,
      hiddenDim: 16,
      normalized: false,
      balance: 0.01,
      layers: [false, true],
    },
  },
  'no norm': { ...llama, norm: 'none' },
  'attention alone': { ...llama, feedForward: 'none', tied: true },
  'ALiBi and sinks': {
    ...gpt2Config({ ...sizes, heads: 6, headDim: 8 }),
    positions: 'alibi',
    sinks: true,
  },
  'position buckets': {
    ...llama,
    positions: 'buckets',
    normPosition: 'post',
    norm: 'layer',
    normBias: true,
    buckets: { count: 8, maxDistance: 20 },
  },
  'sinusoidal positions': { ...llama, positions: 'sinusoidal' },
  'no positions': { ...llama, positions: 'none', kvHeads: 1 },
}

/** Values large enough that every part of the model shows in its logits. */
export function tinyWeights(model: Module, seed = 1): Record<string, Float32Array> {
  const random = new Random(seed)
  const entries = [...model.parameters()].map(([name, { shape }]) => {
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

/**
 * Logits after every token of `ids`, (V) each, without a cache: the slow, obvious twin. An
 * encoder-decoder reads `sources` first, all of one length.
 */
export async function uncachedLogits(
  engine: Engine,
  model: WritingModel,
  weights: Readonly<Record<string, Float32Array>>,
  ids: readonly number[],
  sources: readonly (readonly number[])[] = [],
): Promise<Float32Array[]> {
  const length = sources[0]?.length ?? 0
  const source = input('source', 'int32', [sources.length, length])
  const mask = input('mask', 'float32', [sources.length, length])
  const tokens = input('ids', 'int32', [1, ids.length])
  const hidden =
    model instanceof EncoderDecoder
      ? model.hidden(tokens, {
          source: fuseSources(model.encode(source, { mask }), sources.length),
        })
      : model.hidden(tokens)
  const program = await engine.compile(
    toOnnx({ logits: model.logits(hidden) }, { target: engine.name }),
  )
  const given: Readonly<Record<string, readonly number[]>> = {
    ids,
    source: sources.flat(),
    mask: sources.flat().map(() => 1),
  }
  const tensors = program.inputs.map(({ name, shape, dtype }) => {
    const tensor = engine.tensor(dtype, shape as number[])
    tensor.write(given[name] ?? (weights[name] as Float32Array))
    return [name, tensor] as const
  })
  const { vocabSize } = writingStack(model)
  const output = engine.tensor('float32', [ids.length, vocabSize])
  await program.bind({ ...Object.fromEntries(tensors), logits: output }).run()
  const values = (await output.read()) as Float32Array
  program.dispose()
  for (const tensor of [output, ...tensors.map(([, t]) => t)]) tensor.dispose()
  return ids.map((_, i) => values.slice(i * vocabSize, (i + 1) * vocabSize))
}
