import { afterAll, describe, expect, test } from 'vitest'
import { evaluate } from '../../test/interpreter/evaluate.ts'
import { tinyAdapter } from '../../test/tiny-adapter.ts'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { tinyEncoderDecoders } from '../../test/tiny-models.ts'
import { UserError } from '../errors.ts'
import { adaptablesOf } from '../formats/peft/lora/adaptable.ts'
import type { Adapter, AdapterUse } from '../formats/peft/lora/adapter.ts'
import { mergeAdapters } from '../formats/peft/lora/merge.ts'
import { blockShapes, dequantize, input, sizeOf } from '../graph/index.ts'
import { Decoder } from '../models/decoder.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import type { WritingModel } from '../models/model.ts'
import { type Bits, BLOCK, quantizeBlocks } from '../models/quantize.ts'
import { Random } from '../random.ts'
import { openEngine } from '../runtime/open.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { AdapterSlots } from './adapter-slots.ts'
import { generate, stream } from './generate.ts'
import { LanguageModel, type LanguageModelOptions } from './language-model.ts'
import type { GenerateOptions } from './options.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const tokenizer = await trainCharTokenizer(
  ['abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ01234'],
  { specialTokens: ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] },
)
const greedily = { prompt: 'Call me', temperature: 0, maxTokens: 16, logprobs: 0 }

const open = (
  model: WritingModel,
  packed: Record<string, Float32Array>,
  options: Partial<LanguageModelOptions> = {},
) => LanguageModel.create({ engine, model, weights: { packed }, tokenizer, ...options })

/** The same with the adapters inside its weights. */
async function mergedText(
  create: () => WritingModel,
  weights: Weights,
  uses: readonly AdapterUse[],
  options: GenerateOptions = greedily,
) {
  const merged = copyOf(weights)
  mergeAdapters(create(), uses, (name) => merged[name] as Float32Array)
  const model = await open(create(), merged)
  const written = await generate(model, options)
  await model.dispose()
  return written
}

type Weights = Record<string, Float32Array>
const copyOf = (weights: Weights): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, values]) => [name, values.slice()]))

type Written = Awaited<ReturnType<typeof generate>>

function expectSame(ours: Written, expected: Written) {
  expect(ours.text).toBe(expected.text)
  for (const [i, { logprob }] of ours.pieces.entries())
    expect(logprob).toBeCloseTo(expected.pieces[i]?.logprob as number, 3)
}

describe.each(Object.entries(tinyConfigs))('%s', (_, config) => {
  test('switches and stacks adapters while it runs, with the texts of merging them', async () => {
    const create = () => new Decoder(config)
    const weights = tinyWeights(create())
    const [a, b] = [tinyAdapter(create(), 1), tinyAdapter(create(), 2, 3)]
    const model = await open(create(), weights, { adapters: [a] })
    const stacked = [{ adapter: a, weight: 0.5 }, b]
    const texts = new Set<string>()
    for (const uses of [[a], [b], stacked, [], [a]]) {
      model.useAdapters(uses)
      const written = await generate(model, greedily)
      expectSame(written, await mergedText(create, weights, uses))
      texts.add(JSON.stringify(written.pieces.map(({ logprob }) => logprob?.toFixed(4))))
    }
    expect(texts.size).toBe(4)
    expect(model.adapters).toEqual([{ adapter: a, weight: 1 }])
    await model.dispose()
  })
})

test.each(Object.entries(tinyEncoderDecoders))('%s, its encoder too', async (_, config) => {
  const create = () => new EncoderDecoder(config)
  const random = new Random(3)
  const weights = Object.fromEntries(
    [...create().parameters()].map(([name, { shape }]) => [
      name,
      Float32Array.from({ length: sizeOf(shape) }, () => 0.3 * random.normal()),
    ]),
  )
  const adapter = tinyAdapter(create(), 1)
  const model = await open(create(), weights, { adapters: [] })
  const alone = await generate(model, greedily)
  model.useAdapters([adapter])
  const adapted = await generate(model, greedily)
  expectSame(alone, await mergedText(create, weights, []))
  expectSame(adapted, await mergedText(create, weights, [adapter]))
  expect(adapted.pieces[0]?.logprob).not.toBeCloseTo(alone.pieces[0]?.logprob as number, 2)
  await model.dispose()
})

const llama = tinyConfigs['Llama with grouped heads of 8'] as NonNullable<
  (typeof tinyConfigs)[string]
>
const create = () => new Decoder(llama)

test('a generation under way goes on with the adapters that it began with', async () => {
  const weights = tinyWeights(create())
  const [a, b] = [tinyAdapter(create(), 1), tinyAdapter(create(), 2)]
  const model = await open(create(), weights, { adapters: [a] })
  const begun = stream(model, greedily)
  let text = ((await begun.next()).value as { text: string }).text
  model.useAdapters([b])
  const other = await generate(model, greedily)
  for await (const piece of begun) text += piece.text
  expect(text).toBe((await mergedText(create, weights, [a])).text)
  expect(other.text).toBe((await mergedText(create, weights, [b])).text)
  expect(other.text).not.toBe(text)
  await model.dispose()
})

test('memory of adapters that were switched away is freed with the last that uses it', () => {
  const slots = new AdapterSlots(engine, create())
  slots.use([tinyAdapter(create(), 1)])
  const lease = slots.acquire()
  const [tensor] = Object.values(lease.tensors)
  slots.use([])
  expect(tensor?.data?.length).toBeGreaterThan(0)
  lease.release()
  expect(tensor?.data?.length ?? 0).toBe(0)
  slots.dispose()
})

test.each([8, 4] as const)('a draft in %s bits has the adapters, too', async (draft) => {
  const weights = tinyWeights(create())
  const adapter = tinyAdapter(create(), 1)
  const model = await open(create(), weights, { adapters: [adapter], draft })
  const { text } = await generate(model, greedily)
  expect(text).toBe((await mergedText(create, weights, [adapter])).text)
  await model.dispose()
})

/** Weights as blocks of whole numbers stand for them. */
function rounded(weights: Weights, bits: Bits): Weights {
  const model = create()
  const matrices = [...adaptablesOf(model).values()].flatMap(({ layers }) => layers)
  const shapes = new Map(matrices.map(({ path, layer }) => [`${path}.weight`, layer.weight.shape]))
  const entries = Object.entries(weights).map(([name, values]) => {
    const [rows, columns] = (shapes.get(name) ?? []) as [number, number]
    if (!rows) return [name, values]
    const format = { bits, blockSize: BLOCK, rows, columns }
    const { blocks, scales } = quantizeBlocks(values, format)
    const stored = blockShapes(format)
    const [matrix] = evaluate(
      [
        dequantize(
          input('blocks', 'uint8', stored.blocks),
          input('scales', 'float32', stored.scales),
          format,
        ),
      ],
      {
        blocks: { shape: stored.blocks, values: blocks },
        scales: { shape: stored.scales, values: scales },
      },
    )
    return [name, Float32Array.from(matrix?.data ?? [])]
  })
  return Object.fromEntries(entries)
}

test.each([8, 4] as const)('over a base in %s bits, adapters in full precision', async (bits) => {
  const weights = tinyWeights(create())
  const [a, b] = [tinyAdapter(create(), 1), tinyAdapter(create(), 2, 3)]
  const model = await open(create(), weights, { adapters: [a], bits })
  const first = { ...greedily, maxTokens: 1, logprobs: 61 }
  // The engine may round what a quantized matrix is multiplied with to 8 bits.
  const distance = (x: Written, y: Written) => {
    const [one, two] = [x, y].map(({ pieces: [piece] }) => piece?.top ?? [])
    const other = new Map(two?.map(({ token, logprob }) => [token, logprob]))
    return Math.max(
      ...(one ?? []).map(({ token, logprob }) => Math.abs(logprob - (other.get(token) as number))),
    )
  }
  const found: Written[] = []
  for (const uses of [[a], [b], []]) {
    model.useAdapters(uses)
    const written = await generate(model, first)
    const exact = await mergedText(create, rounded(weights, bits), uses, first)
    expect(distance(written, exact)).toBeLessThan(0.3)
    for (const before of found) expect(distance(written, before)).toBeGreaterThan(1)
    found.push(written)
  }
  await model.dispose()
})

test('what does not fit is refused by name', async () => {
  const weights = tinyWeights(create())
  const adapter = tinyAdapter(create(), 1)
  const fixed = await open(create(), weights)
  expect(() => fixed.useAdapters([adapter])).toThrow(/without support for adapters/)
  await fixed.dispose()
  const model = await open(create(), weights, { adapters: [adapter] })
  const refuse = (other: Partial<Adapter>, why: RegExp) => {
    const use = () => model.useAdapters([{ ...adapter, name: 'other', ...other }])
    expect(use).toThrow(UserError)
    expect(use).toThrow(why)
  }
  refuse(tinyAdapter(new Decoder(tinyConfigs['GPT-2'] as typeof llama), 1), /transformer\.h\.0/)
  refuse(tinyAdapter(new Decoder({ ...llama, hiddenDim: 64 }), 1), /mlp\.gate_proj as \(64, 32\)/)
  refuse(
    { replaced: new Map([['x', { shape: [1], values: new Float32Array(1) }]]) },
    /load the model with it/,
  )
  const head = { rank: 1, scale: 1, down: new Float32Array(32), up: new Float32Array(61) }
  refuse({ updates: new Map([['lm_head', head]]) }, /output layer.*merge/)
  expect(model.adapters).toEqual([{ adapter, weight: 1 }])
  await model.dispose()
})

test('an update of the tied embedding is refused alike, merged or not', async () => {
  const tied = () => new EncoderDecoder(tinyEncoderDecoders['T5, the first'] as never)
  const weights = tinyWeights(tied())
  const head = { rank: 1, scale: 1, down: new Float32Array(32), up: new Float32Array(61) }
  const updates = new Map([['lm_head', head]])
  const adapter = { name: 'out', updates, replaced: new Map() }
  const message = /lm_head, which is the embedding of both sides/
  expect(() => mergeAdapters(tied(), [adapter], (name) => weights[name] as Float32Array)).toThrow(
    message,
  )
  await expect(open(tied(), weights, { adapters: [adapter] })).rejects.toThrow(message)
})
