import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportModel } from '../src/deploy/export-model.ts'
import { importModel } from '../src/deploy/import-model.ts'
import { greedy } from '../src/generate/sampling/sampler.ts'
import { Decoder } from '../src/models/decoder.ts'
import { type DecoderConfig, gpt2Config, llamaConfig } from '../src/models/decoder-config.ts'
import { openEngine } from '../src/runtime/open.ts'
import { trainBpe } from '../src/text/bpe/train.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'
import { tinyWeights } from '../test/tiny-decoder.ts'
import { compare, logitsOf } from './compare-logits.ts'
import { type Llama, type LlamaModel, loadLlama } from './llama.ts'
import { writeModel } from './write-model.ts'

const found = loadLlama()
if (!found && process.env.CI === 'true') throw new Error('node-llama-cpp is not installed in peers')
const llama = found as Llama

const engine = await openEngine({ engine: 'cpu', threads: 1 })
const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const TEXT =
  "It's 1234 o'clock — THEY'LL say “never”, we've seen 5,678 cats\n\n  and the dogs. 我们都是人。 done"
const CORPUS = [TEXT, 'the cat and the dog and the bird sat on the mat in the sun. '.repeat(30)]

const sizes = { vocabSize: 384, context: 128, layers: 2, dim: 64, heads: 4 }
const rope = llamaConfig({ ...sizes, kvHeads: 2, headDim: 32, hiddenDim: 96, ropeTheta: 5000 })
const experts = { count: 4, perToken: 2, normalized: true, balance: 0.001 }
const gemma = {
  ...rope,
  tied: true,
  activation: 'gelu_tanh',
  embeddingScale: 8,
  normPosition: 'both',
  window: 7,
  windowed: [true, false],
} as const satisfies DecoderConfig

const configs: Record<string, DecoderConfig> = {
  'GPT-2': gpt2Config(sizes),
  Llama: rope,
  'Llama, tied, with biases': { ...rope, tied: true, attentionBias: 'all' },
  'Llama 3.1, scaled positions': {
    ...rope,
    ropeScaling: { kind: 'llama3', factor: 8, original: 32, low: 1, high: 4 },
  },
  'Llama, positions stretched': { ...rope, ropeScaling: { kind: 'linear', factor: 2.5 } },
  'Llama with YaRN': {
    ...rope,
    ropeScaling: {
      kind: 'yarn',
      factor: 4,
      original: 32,
      betaFast: 32,
      betaSlow: 1,
      truncate: true,
      attentionFactor: 1.3,
    },
  },
  'Qwen 2': { ...rope, attentionBias: 'qkv', headDim: 16 },
  'Qwen 2 with wide heads': { ...rope, attentionBias: 'qkv' },
  'Qwen 3': { ...rope, qkNorm: true },
  'Gemma 2': { ...gemma, attentionSoftcap: 3, logitSoftcap: 5 },
  'Gemma 3': { ...gemma, qkNorm: true, windowRopeTheta: 100 },
  Mixtral: { ...rope, experts: { ...experts, hiddenDim: rope.hiddenDim } },
  'Qwen 3 with experts': { ...rope, qkNorm: true, experts: { ...experts, hiddenDim: 32 } },
}

/**
 * Random weights, smaller ones where GELU is the activation: llama.cpp looks that up in half
 * precision, which is all that differs.
 */
function weightsOf(config: DecoderConfig): Record<string, Float32Array> {
  const weights = tinyWeights(new Decoder(config))
  if (config.activation !== 'gelu_tanh') return weights
  const smaller = Object.entries(weights).map(([name, values]) => {
    return [name, name.includes('mlp') ? values.map((x) => x / 3) : values] as const
  })
  return Object.fromEntries(smaller)
}

describe.runIf(found)('llama.cpp with a model of each architecture', () => {
  let tokenizer: Tokenizer
  beforeAll(async () => {
    tokenizer = await trainBpe(CORPUS, { vocabSize: 300, split: 'gpt2', minFrequency: 1 })
  })

  it.each(Object.entries(configs))('%s', async (name, config) => {
    const model = join(folder, name)
    await writeModel(model, config, weightsOf(config), tokenizer)
    const file = join(folder, `${name}.gguf`)
    await exportModel({ model, format: 'gguf', out: file })
    const theirs: LlamaModel = llama.open(file)
    const ids = tokenizer.encode(TEXT)
    expect(theirs.tokenize(TEXT)).toEqual(ids)
    const { difference, agreement } = compare(
      await logitsOf(engine, model, ids),
      theirs.logits(ids),
    )
    expect(difference).toBeLessThan(1e-3)
    expect(agreement).toBe(1)
    const [prompt, steps] = [ids.slice(0, 9), 20]
    const generated = theirs.greedy(prompt, steps)
    theirs.close()
    const logits = await logitsOf(engine, model, [...prompt, ...generated])
    expect(logits.slice(prompt.length - 1, -1).map(greedy)).toEqual(generated)
    const again = join(folder, `${name}, again`)
    await importModel({ source: file, out: again })
    expect(
      compare(await logitsOf(engine, again, ids), await logitsOf(engine, model, ids)).difference,
    ).toBe(0)
  })
})
