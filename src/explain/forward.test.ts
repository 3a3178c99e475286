import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { evaluate } from '../../test/interpreter/evaluate.ts'
import { tinyAdapter } from '../../test/tiny-adapter.ts'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { tinyEncoderDecoders, tinyEncoders } from '../../test/tiny-models.ts'
import { UserError } from '../errors.ts'
import { writeFolder } from '../files/folder.ts'
import { modelFiles } from '../formats/huggingface/model-files.ts'
import { LanguageModel } from '../generate/language-model.ts'
import { load } from '../generate/load.ts'
import { grad, type input, sizeOf, slice, sum } from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import { llamaConfig } from '../models/decoder-config.ts'
import { createModel, type Model } from '../models/model.ts'
import { loadTextModel } from '../predict/text-model.ts'
import { openEngine } from '../runtime/open.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { type ForwardOptions, forward, type ReadableModel } from './forward.ts'
import { activationPaths, trace } from './trace.ts'

const engine = await openEngine({ engine: 'cpu', threads: 1 })
const root = await mkdtemp(join(tmpdir(), 'chatwright-'))
afterAll(async () => {
  await engine.dispose()
  await rm(root, { recursive: true })
})

const text = 'abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 我们在读'
const tokenizer = await trainCharTokenizer([text], { specialTokens: ['<|endoftext|>'] })
const config = llamaConfig({ vocabSize: 61, context: 16, layers: 2, dim: 32, heads: 4, kvHeads: 2 })
const WEIGHTS = 'model.layers.1.self_attn.weights'

/** A model that is read from a folder, as `load` gives it. */
async function saved(name: string, model: Model) {
  const values = tinyWeights(model)
  const tensor = (path: string) => ({ read: async () => values[path] as Float32Array })
  const folder = join(root, name)
  await writeFolder(folder, modelFiles({ model, values: { tensor } as never, tokenizer }))
  return folder
}

const folder = await saved('llama', new Decoder(config))
const model = await load(folder, { engine })
const own = tinyWeights(model.model)

test('attention weights of a prompt are what the float64 interpreter computes', async () => {
  const prompt = '我们在 read'
  const { ids, activations } = await forward(model, prompt, {
    read: ['model.layers.*.self_attn.weights', 'logits'],
  })
  expect(ids).toEqual([tokenizer.encode(prompt)])
  const length = ids[0]?.length as number
  const paths = ['model.layers.0.self_attn.weights', WEIGHTS, 'logits']
  expect(Object.keys(activations)).toEqual(paths)
  expect(activations[WEIGHTS]?.shape).toEqual([1, 4, length, length])
  const traced = trace(model.model, { ids })
  const feeds = Object.fromEntries(
    [...model.model.parameters()].map(([path, { shape }]) => [
      path,
      { shape, values: own[path] as Float32Array },
    ]),
  )
  const expected = evaluate(
    paths.map((path) => traced.activations.get(path) as never),
    { ...feeds, ids: { shape: [1, length], values: ids[0] as number[] } },
  )
  for (const [i, path] of paths.entries())
    for (const [j, x] of (activations[path]?.data ?? []).entries())
      expect(x).toBeCloseTo(expected[i]?.data[j] as number, 4)
})

describe('replacing', () => {
  const path = 'model.layers.0.residual_post'
  const read = ['logits', path, 'model.layers.1.residual_post']

  test('its own value changes nothing, another text’s gives that text’s later layers', async () => {
    const [first, second] = [
      await forward(model, 'abcd', { read }),
      await forward(model, 'wxyz', { read }),
    ]
    const with_ = async (value: (typeof first.activations)[string]) =>
      (await forward(model, 'abcd', { read, replace: { [path]: value } })).activations
    expect((await with_(first.activations[path] as never)).logits).toEqual(first.activations.logits)
    const patched = await with_(second.activations[path] as never)
    expect(patched).toEqual(second.activations)
    expect(patched.logits).not.toEqual(first.activations.logits)
  })

  test('a head that is set to zero is gone', async () => {
    const heads = 'model.layers.0.self_attn.heads'
    const { activations } = await forward(
      model,
      [
        [1, 2, 3],
        [3, 2, 1],
      ],
      { read: [heads] },
    )
    const { data, shape } = activations[heads] as { data: Float32Array; shape: number[] }
    expect(shape).toEqual([2, 4, 3, 8])
    const without = data.map((x, i) => (Math.floor(i / 24) % 4 === 2 ? 0 : x))
    const out = 'model.layers.0.self_attn.out'
    const options = { read: [out], replace: { [heads]: without } }
    const ablated = await forward(
      model,
      [
        [1, 2, 3],
        [3, 2, 1],
      ],
      options,
    )
    const matrix = own['model.layers.0.self_attn.o_proj.weight'] as Float32Array
    const [row, column] = [1, 5]
    const expected = Array.from({ length: 32 }, (_, i) => {
      const [head, at] = [Math.floor(i / 8), i % 8]
      return (without[head * 24 + row * 8 + at] as number) * (matrix[column * 32 + i] as number)
    }).reduce((a, b) => a + b)
    expect(ablated.activations[out]?.data[row * 32 + column]).toBeCloseTo(expected, 4)
  })
})

test('gradients of a logit are those of the graph, and say how it changes', async () => {
  const path = 'model.embedding'
  const gradients = { of: 'logits', at: [-1, 7], to: [path, WEIGHTS] }
  const read = ['logits', path]
  const result = await forward(model, 'abcd', { read, gradients })
  const { data, shape } = result.activations[path] as { data: Float32Array; shape: number[] }
  expect(result.gradients[path]?.shape).toEqual(shape)
  expect(result.gradients[WEIGHTS]?.shape).toEqual([1, 4, 4, 4])
  const slope = result.gradients[path]?.data as Float32Array
  const logitAfter = async (step: number) => {
    const moved = data.map((x, i) => x + step * (slope[i] as number))
    const { activations } = await forward(model, 'abcd', { read, replace: { [path]: moved } })
    return activations.logits?.data[3 * 61 + 7] as number
  }
  const norm = slope.reduce((total, x) => total + x * x, 0)
  const rise = (await logitAfter(1e-4)) - (await logitAfter(-1e-4))
  expect(rise / (2e-4 * norm)).toBeCloseTo(1, 1)

  const traced = trace(model.model, { ids: result.ids })
  const logits = traced.activations.get('logits') as NonNullable<ReturnType<typeof input>>
  const one = sum(slice(slice(logits, 0, 3, 4), 1, 7, 8))
  const [expected] = evaluate(grad(one, [traced.activations.get(path) as never]), {
    ...Object.fromEntries(
      [...model.model.parameters()].map(([name, { shape }]) => [
        name,
        { shape, values: own[name] as Float32Array },
      ]),
    ),
    ids: { shape: [1, 4], values: result.ids[0] as number[] },
  })
  for (const [i, x] of slope.entries()) expect(x).toBeCloseTo(expected?.data[i] as number, 3)
})

test('adapters and quantized weights are seen as they run', async () => {
  const read = ['logits']
  const plain = (await forward(model, 'abcd', { read })).activations.logits?.data as Float32Array
  const live = async (options: { bits?: 4 | 8; adapters?: never[] }) =>
    load(folder, { engine, bits: options.bits, adapter: options.adapters })
  const adaptable = await live({ adapters: [] })
  const alone = await forward(adaptable, 'abcd', { read })
  for (const [i, x] of plain.entries()) expect(alone.activations.logits?.data[i]).toBeCloseTo(x, 4)
  adaptable.useAdapters([tinyAdapter(new Decoder(config), 1)])
  const adapted = await forward(adaptable, 'abcd', { read })
  expect(adapted.activations.logits?.data[0]).not.toBeCloseTo(plain[0] as number, 2)
  await adaptable.dispose()

  const coarse = await live({ bits: 8 })
  const gradients = { of: 'logits', to: ['model.layers.0.residual_pre'] }
  const found = await forward(coarse, 'abcd', { read, gradients })
  const logits = found.activations.logits?.data as Float32Array
  const apart = logits.reduce((most, x, i) => Math.max(most, Math.abs(x - (plain[i] ?? 0))), 0)
  expect(apart).toBeGreaterThan(1e-5)
  expect(apart).toBeLessThan(0.5)
  const slope = found.gradients['model.layers.0.residual_pre']?.data as Float32Array
  expect(slope.some((x) => Math.abs(x) > 1e-3)).toBe(true)
  const weight = { of: 'logits', to: ['model.layers.0.mlp.up_proj.weight'] }
  await expect(forward(coarse, 'abcd', { gradients: weight })).rejects.toThrow('has 8 bits')
  await coarse.dispose()
})

test('an encoder reads both ways, and its head’s logits are there', async () => {
  const bert = createModel(tinyEncoders['BERT that classifies'] as never)
  const reader = await loadTextModel(await saved('bert', bert), { engine })
  const read = ['model.layers.0.self_attn.weights', 'head.logits']
  const { activations } = await forward(reader, [[5, 6, 7]], { read })
  expect(activations[read[0] as string]?.data.every((x) => x > 0)).toBe(true)
  const [logits] = await reader.outputs([{ ids: [5, 6, 7], typeIds: [0, 0, 0] } as never])
  for (const [i, x] of (logits ?? []).entries())
    expect(activations['head.logits']?.data[i]).toBeCloseTo(x, 4)
  await reader.dispose()
})

test('an encoder-decoder’s two stacks are read apart', async () => {
  const t5 = createModel(tinyEncoderDecoders['T5 1.1'] as never)
  const writer = await load(await saved('t5', t5), { engine })
  const cross = 'model.decoder.layers.1.cross_attn.weights'
  const read = ['model.encoder.layers.0.self_attn.weights', cross, 'logits']
  const { activations } = await forward(writer, [4, 5, 6, 7], { read, written: [0, 9] })
  expect(activations[read[0] as string]?.shape).toEqual([1, 4, 4, 4])
  expect(activations[cross]?.shape).toEqual([1, 4, 2, 4])
  expect(activations.logits?.shape).toEqual([2, 61])
  const [one] = [await forward(writer, [4, 5, 6, 7], { read: [cross] })]
  expect(one.activations[cross]?.shape).toEqual([1, 4, 1, 4])
  await writer.dispose()
})

test('a model in training is read as it is now', async () => {
  const decoder = new Decoder(config)
  const live = Object.fromEntries(
    [...decoder.parameters()].map(([name, { shape }]) => {
      const tensor = engine.tensor('float32', shape)
      tensor.write(own[name] as Float32Array)
      return [name, tensor]
    }),
  )
  const open = { engine, model: decoder, weights: { live }, tokenizer }
  const training = await LanguageModel.create(open)
  const read = ['model.embedding']
  const before = await forward(training, [1, 2], { read })
  live['model.embed_tokens.weight']?.write(new Float32Array(sizeOf([61, 32])))
  const after = await forward(training, [1, 2], { read })
  expect(before.activations['model.embedding']?.data.some((x) => x !== 0)).toBe(true)
  expect(after.activations['model.embedding']?.data.every((x) => x === 0)).toBe(true)
  await training.dispose()
  const packed = await LanguageModel.create({ ...open, weights: { packed: own } })
  await expect(forward(packed, [1, 2], { read })).rejects.toThrow('give its weights as live')
  await packed.dispose()
})

describe('mistakes are named', () => {
  const ask = (options: ForwardOptions, given: Parameters<typeof forward>[1] = [1, 2]) =>
    forward(model as ReadableModel, given, options)
  test.each<[string, () => Promise<unknown>]>([
    ['nothing is asked for', () => ask({})],
    ['expected object, received undefined', () => ask(undefined as never)],
    ['read: ', () => ask({ read: 'logits' as never })],
    [
      'gradients.at.1: ',
      () => ask({ gradients: { of: 'logits', at: [0, 1.5], to: ['model.norm'] } }),
    ],
    ['read: no activation is named model.layers.9.q', () => ask({ read: ['model.layers.9.q'] })],
    ['such as model.layers.1.residual_post, model.norm, logits', () => ask({ read: ['x'] })],
    ['replace: no activation is named x', () => ask({ read: ['logits'], replace: { x: [1] } })],
    [
      'replace: model.norm is (2, 32), and values of (3) are given',
      () => ask({ read: ['logits'], replace: { 'model.norm': [1, 2, 3] } }),
    ],
    [
      'gradients.at: (0, 61) is no element of logits, whose shape is (2, 61)',
      () => ask({ gradients: { of: 'logits', at: [0, 61], to: ['model.norm'] } }),
    ],
    [
      'gradients.of: model.layers.*.residual_post matches model.layers.0.residual_post and',
      () => ask({ gradients: { of: 'model.layers.*.residual_post', to: ['model.norm'] } }),
    ],
    [
      '61 is no token; the vocabulary has those from 0 to 60',
      () => ask({ read: ['logits'] }, [61]),
    ],
    [
      'texts have 1, 2 tokens; give texts of one length',
      () => ask({ read: ['logits'] }, [[1], [1, 2]]),
    ],
    [
      'the text has 17 tokens; the model reads 1 to 16',
      () => ask({ read: ['logits'] }, 'a'.repeat(17)),
    ],
  ])('%s', async (message, act) => {
    const error = await act().catch((error: unknown) => error)
    expect(error).toBeInstanceOf(UserError)
    expect((error as Error).message).toContain(message)
  })
})

test('tokens may lie in a typed array', async () => {
  const read = { read: ['logits'] }
  const [typed, plain] = [
    await forward(model, Int32Array.of(1, 2), read),
    await forward(model, [1, 2], read),
  ]
  expect(typed).toEqual(plain)
})

test('all activations are listed, in their order', () => {
  const paths = activationPaths(model)
  expect(activationPaths(model.model)).toEqual(paths)
  expect(paths.slice(0, 2)).toEqual(['model.embedding', 'model.layers.0.residual_pre'])
  expect(paths).toContain(WEIGHTS)
  expect(paths.at(-1)).toBe('logits')
})
