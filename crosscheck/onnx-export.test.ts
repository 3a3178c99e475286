import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type ExportOnnxOptions, exportOnnx } from '../src/deploy/onnx/export-onnx.ts'
import { generate } from '../src/generate/generate.ts'
import { LanguageModel } from '../src/generate/language-model.ts'
import {
  DECODER_ARCHITECTURES,
  ENCODER_ARCHITECTURES,
  ENCODER_DECODER_ARCHITECTURES,
} from '../src/models/architectures.ts'
import { Decoder } from '../src/models/decoder.ts'
import type { DecoderConfig } from '../src/models/decoder-config.ts'
import { Encoder } from '../src/models/encoder.ts'
import { bertHead, type EncoderConfig, modernBertHead } from '../src/models/encoder-config.ts'
import { EncoderDecoder } from '../src/models/encoder-decoder.ts'
import type { ModelConfig } from '../src/models/model.ts'
import { classify } from '../src/predict/classify.ts'
import { embed } from '../src/predict/embed.ts'
import { fillMask } from '../src/predict/fill-mask.ts'
import { TextModel } from '../src/predict/text-model.ts'
import { openEngine } from '../src/runtime/open.ts'
import { encodeInput } from '../src/text/encode-input.ts'
import { loadTokenizer } from '../src/text/load.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'
import { orSkip } from '../test/engines.ts'
import { openModelOf } from '../test/open-model.ts'
import { tinyWeights, uncachedLogits } from '../test/tiny-decoder.ts'
import { bertFile, llama2File, robertaFile, t5File } from '../test/tokenizer-files.ts'
import { readStories } from './stories.ts'
import { openTransformersJs, type PeerTensor, type TransformersJs } from './transformers-js.ts'

const MODELS = new URL('../../shared/data/models/', import.meta.url)
const found = await orSkip('transformers.js', openTransformersJs())
const peer = found as TransformersJs
const check = test.skipIf(!found)

const engine = await openEngine({ engine: 'cpu', threads: 1 })
const place = await mkdtemp(join(tmpdir(), 'chatwright-onnx-'))
afterAll(async () => {
  await engine.dispose()
  await rm(place, { recursive: true })
})

type Weights = Record<string, Float32Array>

let exported = 0
/** A new folder with the model in it. */
async function exportModel(
  config: ModelConfig,
  weights: Weights,
  tokenizer: Tokenizer,
  { addBos, ...options }: ExportOnnxOptions & { addBos?: boolean } = {},
): Promise<string> {
  const out = join(place, `model-${exported++}`)
  await exportOnnx(openModelOf(config, weights, tokenizer, { addBos }), out, options)
  return out
}

const numbers = ({ data }: PeerTensor): number[] => Array.from(data as ArrayLike<number>, Number)

function expectClose(one: ArrayLike<number>, other: ArrayLike<number>, tolerance: number): void {
  expect(one.length).toBe(other.length)
  const apart = Array.from(one, (x, i) => Math.abs(x - (other[i] ?? Number.NaN)))
  expect(Math.max(...apart)).toBeLessThan(tolerance)
}

check('a trained Llama tells the story that llama2.c expects of it, word for word', async () => {
  const expected = await readFile(new URL('stories260K-greedy-200.txt', MODELS), 'utf8')
  const stories = await readStories()
  for (const options of [{}, { fileLimit: 200_000 }, { keepLogits: true }, { fused: true }]) {
    const out = join(place, `model-${exported++}`)
    await exportOnnx(stories, out, options)
    const generator = await peer.pipeline('text-generation', out)
    const ids = new peer.Tensor('int64', BigInt64Array.of(1n), [1, 1])
    const wanted = { max_new_tokens: 200, do_sample: false }
    const made = await generator.model.generate({ input_ids: ids, ...wanted })
    expect(stories.tokenizer.decode(numbers(made))).toBe(expected)
    await generator.dispose()
  }
})

const sizes = { context: 64, layers: 2, dim: 32, heads: 4, kvHeads: 2 }
const decoders = Object.entries(DECODER_ARCHITECTURES).filter(
  ([architecture]) => architecture !== 'mixtral',
)

check.for(decoders)('%s: the same text, and logits after each token', async ([, architecture]) => {
  const tokenizer = loadTokenizer(llama2File())
  const config: DecoderConfig = architecture({
    ...sizes,
    vocabSize: tokenizer.vocabSize,
    ...(architecture === DECODER_ARCHITECTURES.gpt2 && { kvHeads: sizes.heads }),
    ...(architecture === DECODER_ARCHITECTURES.gemma3 && { headDim: 16, layers: 6 }),
    ...('window' in architecture({ ...sizes, vocabSize: 9 }) && { window: 7 }),
  })
  const decoder = new Decoder(config)
  const weights = tinyWeights(decoder)
  const options = { engine, model: decoder, weights: { packed: weights }, tokenizer, addBos: true }
  const model = await LanguageModel.create(options)
  const generator = await peer.pipeline(
    'text-generation',
    await exportModel(config, weights, tokenizer, { addBos: true }),
  )
  const ours = async (prompt: string) =>
    (await generate(model, { prompt, temperature: 0, maxTokens: 30 })).text
  const prompts = ['the cat', 'a cat is the cat of a']
  const wanted = { max_new_tokens: 30, do_sample: false, return_full_text: false }
  for (const prompt of prompts)
    expect(await generator(prompt, wanted)).toEqual([{ generated_text: await ours(prompt) }])
  // A shorter text stands behind padding.
  const inputs = generator.tokenizer(prompts, { padding: true })
  const { logits } = (await generator.model(inputs)) as { logits: PeerTensor }
  const rows = inputs.input_ids?.tolist() as bigint[][]
  const masks = inputs.attention_mask?.tolist() as bigint[][]
  const [length, width] = logits.dims.slice(1) as [number, number]
  for (const [i, row] of rows.entries()) {
    const padding = masks[i]?.indexOf(1n) ?? 0
    const expected = await uncachedLogits(engine, decoder, weights, row.slice(padding).map(Number))
    const all = numbers(logits)
    expectClose(
      all.slice((i * length + padding) * width, (i + 1) * length * width),
      expected.flatMap((logits) => [...logits]),
      1e-3,
    )
  }
  await generator.dispose()
  await model.dispose()
})

const encoders = [
  ['bert', bertHead, bertFile],
  ['roberta', bertHead, robertaFile],
  ['distilbert', bertHead, bertFile],
  ['modernbert', modernBertHead, bertFile],
] as const

const TEXTS = ['the cats played', 'play', 'cat the play the cat']
const LABELS = ['bad', 'good', 'neither']

check.for(encoders)(
  '%s: classes, tags, vectors and gaps are the same',
  async ([architecture, head, file]) => {
    const json = file()
    const tokenizer = loadTokenizer(json)
    const open = async (task: Parameters<typeof bertHead>[0]) => {
      const config: EncoderConfig = ENCODER_ARCHITECTURES[architecture]({
        vocabSize: tokenizer.vocabSize,
        context: 40,
        layers: 3,
        dim: 32,
        heads: 4,
        ...(architecture === 'modernbert' && { window: 4 }),
        head: {
          ...head(task, ['classify', 'tag'].includes(task) ? LABELS : []),
          ...(architecture === 'distilbert' && task === 'classify' && { dense: 'relu' as const }),
        },
      })
      const encoder = new Encoder(config)
      const weights = tinyWeights(encoder)
      const model = await TextModel.create({
        engine,
        model: encoder,
        weights: { packed: weights },
        tokenizer,
      })
      return { model, out: await exportModel(config, weights, tokenizer) }
    }

    const classes = await open('classify')
    const classifier = await peer.pipeline('text-classification', classes.out)
    type Scores = { label: string; score: number }[]
    const scores = (await classifier(TEXTS, { top_k: null })) as Scores[]
    for (const [i, { labels }] of (await classify(classes.model, TEXTS)).entries()) {
      const theirs = Object.fromEntries(scores[i]?.map(({ label, score }) => [label, score]) ?? [])
      expectClose(
        LABELS.map((label) => theirs[label] ?? 2),
        LABELS.map((label) => labels.find((one) => one.label === label)?.probability ?? 2),
        1e-4,
      )
    }
    const pair = { text: 'the cat', pair: 'played' }
    const [both] = await classify(classes.model, [pair])
    const inputs = classifier.tokenizer(pair.text, { text_pair: pair.pair })
    const { logits } = await classifier.model(inputs)
    const weights = numbers(logits as PeerTensor).map(Math.exp)
    const total = weights.reduce((a, b) => a + b)
    expectClose(
      weights.map((weight) => weight / total),
      LABELS.map((label) => both?.labels.find((one) => one.label === label)?.probability ?? 2),
      1e-4,
    )

    const tags = await open('tag')
    const tagger = await peer.pipeline('token-classification', tags.out)
    const read = encodeInput(tokenizer, 'the cat play')
    const [own] = await tags.model.outputs([read])
    const { logits: tagged } = await tagger.model(tagger.tokenizer('the cat play'))
    expect(tagged?.dims).toEqual([1, read.ids.length, LABELS.length])
    expectClose(numbers(tagged as PeerTensor), own ?? [], 1e-4)

    const vectors = await open('embed')
    const embedder = await peer.pipeline('feature-extraction', vectors.out)
    const theirs = (await embedder(TEXTS, { pooling: 'mean', normalize: true })) as PeerTensor
    const ours = await embed(vectors.model, TEXTS)
    expectClose(
      numbers(theirs),
      ours.flatMap((vector) => [...vector]),
      1e-4,
    )

    const gaps = await open('mlm')
    const filler = await peer.pipeline('fill-mask', gaps.out)
    const mask = tokenizer.decode([tokenizer.maskId ?? 0], { specials: true })
    const text = `the ${mask} played`
    const guesses = (await filler(text, { top_k: 4 })) as { token: number; score: number }[]
    const [guessed] = await fillMask(gaps.model, text, { top: 4 })
    expect(guesses.map(({ token }) => token)).toEqual(guessed?.map(({ token }) => token))
    expectClose(
      guesses.map(({ score }) => score),
      guessed?.map(({ probability }) => probability) ?? [],
      1e-4,
    )

    for (const { model } of [classes, tags, vectors, gaps]) await model.dispose()
    for (const one of [classifier, tagger, embedder, filler]) await one.dispose()
  },
)

check.for([
  ['1.1', {}],
  ['the first', { tied: true, outputScale: 32 ** -0.5, gated: false, activation: 'relu' }],
] as const)('T5, %s: the same answer to a text', async ([, options]) => {
  const tokenizer = loadTokenizer(t5File())
  const config = ENCODER_DECODER_ARCHITECTURES.t5({
    ...sizes,
    kvHeads: 4,
    vocabSize: tokenizer.vocabSize,
    headDim: 8,
    buckets: { count: 8, maxDistance: 12 },
    decoderLayers: 3,
    ...options,
  })
  const pair = new EncoderDecoder(config)
  const weights = tinyWeights(pair)
  const packed = { packed: weights }
  const model = await LanguageModel.create({ engine, model: pair, weights: packed, tokenizer })
  const writer = await peer.pipeline(
    'text2text-generation',
    await exportModel(config, weights, tokenizer),
  )
  const prompts = ['the cat playing', 'a', 'play the cat, the cat. play']
  const ours: string[] = []
  for (const prompt of prompts)
    ours.push((await generate(model, { prompt, temperature: 0, maxTokens: 25 })).text)
  expect(new Set(ours).size).toBe(3)
  const wanted = { max_new_tokens: 25, do_sample: false }
  for (const [i, prompt] of prompts.entries())
    expect(await writer(prompt, wanted)).toEqual([{ generated_text: ours[i] }])
  await writer.dispose()
  await model.dispose()
})
