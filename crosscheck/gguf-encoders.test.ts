import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { exportModel } from '../src/deploy/export-model.ts'
import { input, type Tensor, toOnnx } from '../src/graph/index.ts'
import { Encoder } from '../src/models/encoder.ts'
import { bertConfig, bertHead, type EncoderConfig } from '../src/models/encoder-config.ts'
import { EncoderDecoder } from '../src/models/encoder-decoder.ts'
import { type EncoderDecoderConfig, t5Config } from '../src/models/encoder-decoder-config.ts'
import { pool } from '../src/models/head.ts'
import { outputsOf } from '../src/models/head-config.ts'
import { createModel, type ModelConfig } from '../src/models/model.ts'
import { openEngine } from '../src/runtime/open.ts'
import { trainBpe } from '../src/text/bpe/train.ts'
import { loadTokenizer } from '../src/text/load.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'
import { tinyWeights } from '../test/tiny-decoder.ts'
import { bertFile, robertaFile, t5File } from '../test/tokenizer-files.ts'
import { compare } from './compare-logits.ts'
import { type Llama, loadLlama } from './llama.ts'
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

/** The output of a graph whose inputs are `given` and the parameters. */
async function run(
  output: Tensor,
  weights: Readonly<Record<string, Float32Array>>,
  given: Readonly<Record<string, readonly number[]>>,
  [rows, columns]: [number, number],
): Promise<Float32Array[]> {
  const program = await engine.compile(toOnnx({ output }, { target: engine.name }))
  const tensors = program.inputs.map(({ name, shape, dtype }) => {
    const tensor = engine.tensor(dtype, shape as number[])
    tensor.write([...(given[name] ?? (weights[name] as Float32Array))])
    return [name, tensor] as const
  })
  const result = engine.tensor('float32', [rows, columns])
  await program.bind({ ...Object.fromEntries(tensors), output: result }).run()
  const values = (await result.read()) as Float32Array
  program.dispose()
  return Array.from({ length: rows }, (_, i) => values.slice(i * columns, (i + 1) * columns))
}

const TEXT = 'the cat played; 我们 the cats, playing'
const weightsOf = (config: ModelConfig) => {
  const weights = Object.entries(tinyWeights(createModel(config)))
  // llama.cpp looks up GELU in half precision: smaller numbers show less of it.
  return Object.fromEntries(
    weights.map(([name, x]) => [name, name.includes('mlp') ? x.map((v) => v / 4) : x] as const),
  )
}

async function exported(name: string, config: ModelConfig, tokenizer: Tokenizer) {
  const weights = weightsOf(config)
  const model = join(folder, name)
  await writeModel(model, config, weights, tokenizer)
  const out = join(folder, `${name}.gguf`)
  await exportModel({ model, format: 'gguf', out })
  return { weights, out }
}

const sizes = { vocabSize: 320, context: 64, layers: 2, dim: 64, heads: 4 }

const bert = (head: EncoderConfig['head']) => bertConfig({ ...sizes, normEpsilon: 1e-6, head })

describe.runIf(found)('llama.cpp with a BERT', () => {
  it.each<[string, () => Promise<Tokenizer>]>([
    ['WordPiece', async () => loadTokenizer(bertFile())],
    [
      'byte-level BPE',
      () => trainBpe([TEXT], { vocabSize: 300, kind: 'encoder', minFrequency: 1 }),
    ],
    ['no kinds of tokens, as DistilBERT', async () => loadTokenizer(bertFile())],
    ["RoBERTa's tokens and positions", async () => loadTokenizer(robertaFile())],
  ])('%s: has the same hidden states', async (name, create) => {
    const tokenizer = await create()
    const config = {
      ...bert(bertHead('embed')),
      vocabSize: tokenizer.vocabSize,
      ...(name.endsWith('DistilBERT') && { tokenTypes: 0 }),
      ...(name.startsWith('RoBERTa') && { positionOffset: 2, tokenTypes: 1 }),
    }
    const { weights, out } = await exported(`BERT with ${name}`, config, tokenizer)
    const theirs = llama.open(out, { embeddings: true })
    const ids = theirs.tokenize(TEXT)
    expect(ids.slice(1, -1)).toEqual(tokenizer.encode(TEXT))
    expect([ids[0], ids.at(-1)]).toEqual([tokenizer.clsId, tokenizer.sepId])
    const model = new Encoder(config)
    const hidden = model.hidden(input('ids', 'int32', [1, ids.length]))
    const ours = await run(hidden, weights, { ids }, [ids.length, config.dim])
    const difference = largest(ours, theirs.hidden(ids))
    theirs.close()
    // Its GELU is the approximate one, whatever the model says: 4.7e-4 away from the exact one.
    expect(difference).toBeLessThan(1e-3)
  })
})

describe.runIf(found)("llama.cpp with a BERT's head", () => {
  const labels = ['bad', 'fair', 'good']
  it.each<[string, EncoderConfig['head']]>([
    ['classifies', bertHead('classify', labels)],
    ['estimates', bertHead('regress')],
    ['embeds by the mean', bertHead('embed')],
    ['embeds by the first token', { ...bertHead('embed'), pooling: 'first' }],
  ])('%s', async (name, head) => {
    const tokenizer = loadTokenizer(bertFile())
    const config = { ...bert(head), vocabSize: tokenizer.vocabSize }
    const { weights, out } = await exported(`BERT ${name}`, config, tokenizer)
    const theirs = llama.open(out, { embeddings: true })
    const ids = theirs.tokenize(TEXT)
    const model = new Encoder(config)
    const hidden = model.hidden(input('ids', 'int32', [1, ids.length]))
    const mask = input('mask', 'float32', [1, ids.length])
    const size = outputsOf(head) ?? config.dim
    const pooled = model.head.forward(pool(hidden, mask, head.pooling))
    const given = { ids, mask: ids.map(() => 1) }
    const ours = await run(pooled, weights, given, [1, size])
    const difference = largest(ours, [theirs.vector(ids, size)])
    theirs.close()
    expect(difference).toBeLessThan(1e-3)
  })
})

function largest(ours: readonly Float32Array[], theirs: readonly Float32Array[]): number {
  const differences = ours.flatMap((row, i) =>
    Array.from(row, (x, j) => Math.abs(x - (theirs[i]?.[j] ?? Number.NaN))),
  )
  return Math.max(...differences)
}

const t5Sizes = { ...sizes, headDim: 32, hiddenDim: 96, padId: 0 }
const t5s: Record<string, EncoderDecoderConfig> = {
  'T5 1.1': t5Config(t5Sizes),
  'T5, the first': t5Config({
    ...t5Sizes,
    decoderLayers: 1,
    activation: 'relu',
    gated: false,
    tied: true,
    outputScale: 64 ** -0.5,
  }),
}

describe.runIf(found)('llama.cpp with an encoder-decoder', () => {
  it.each(Object.entries(t5s))('%s: has the same log-probabilities', async (name, sizes) => {
    const tokenizer = loadTokenizer(t5File())
    const vocabSize = tokenizer.vocabSize + 2
    const stacks = {
      encoder: { ...sizes.encoder, vocabSize },
      decoder: { ...sizes.decoder, vocabSize },
    }
    const config = { ...sizes, ...stacks }
    const { weights, out } = await exported(name, config, tokenizer)
    const theirs = llama.open(out)
    const text = theirs.tokenize(TEXT)
    expect(text).toEqual([...tokenizer.encode(TEXT), tokenizer.eosId])
    const ids = [0, ...tokenizer.encode('the cat')]
    const model = new EncoderDecoder(config)
    const mask = input('mask', 'float32', [1, text.length])
    const source = model.encode(input('text', 'int32', [1, text.length]), { mask })
    const hidden = model.hidden(input('ids', 'int32', [1, ids.length]), { source })
    const ours = await run(model.logits(hidden), weights, { ids, text, mask: text.map(() => 1) }, [
      ids.length,
      vocabSize,
    ])
    const { difference, agreement } = compare(ours, theirs.crossLogits(text, ids))
    theirs.close()
    expect(difference).toBeLessThan(1e-3)
    expect(agreement).toBe(1)
  })
})
