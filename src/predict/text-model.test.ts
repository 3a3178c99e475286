import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { evaluate } from '../../test/interpreter/evaluate.ts'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { tinyEncoders } from '../../test/tiny-models.ts'
import { tinyTokenizer } from '../../test/tiny-tokenizer.ts'
import { writeFolder } from '../files/folder.ts'
import { modelFiles } from '../formats/huggingface/model-files.ts'
import { input } from '../graph/index.ts'
import { Encoder } from '../models/encoder.ts'
import type { EncoderConfig } from '../models/encoder-config.ts'
import type { DeviceTensor } from '../runtime/engine.ts'
import { openEngine } from '../runtime/open.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { encodeInput } from '../text/encode-input.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { embed, promptTokens } from './embed.ts'
import { inBatches } from './in-batches.ts'
import { loadTextModel, TextModel } from './text-model.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())
const tokenizer = tinyTokenizer()

const texts = ['A', 'the quick brown fox', 'abc', '0123456', 'abc DEF'].map((text) =>
  encodeInput(tokenizer, text),
)
const places = texts.map(({ ids }) => [0, ids.length - 1])

const distance = (a: Float32Array, b: Float32Array) => {
  expect(a).toHaveLength(b.length)
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] as number))), 0)
}

describe.each(Object.entries(tinyEncoders))('%s', (_, config: EncoderConfig) => {
  const model = new Encoder(config)
  const weights = tinyWeights(model)
  const rows = config.head.task === 'mlm' ? places : undefined

  test('a text is the same alone and in a batch with longer ones', async () => {
    const loaded = await TextModel.create({
      engine,
      model,
      tokenizer,
      weights: { packed: weights },
    })
    const together = await loaded.outputs(texts, { rows })
    for (const [i, text] of texts.entries()) {
      const [alone] = await loaded.outputs([text], { rows: rows && [places[i] ?? []] })
      expect(distance(together[i] as Float32Array, alone as Float32Array)).toBeLessThan(1e-4)
    }
    expect(distance(together[0] as Float32Array, together[0] as Float32Array)).toBe(0)
    expect(new Set(together.map((values) => values[0]?.toFixed(4))).size).toBe(texts.length)
    await loaded.dispose()
  })

  test('weights in training are read anew at every run', async () => {
    const live: Record<string, DeviceTensor> = {}
    for (const [name, { shape }] of model.parameters()) live[name] = engine.tensor('float32', shape)
    const following = await TextModel.create({ engine, model, tokenizer, weights: { live } })
    for (const seed of [1, 2]) {
      const packed = tinyWeights(model, seed)
      for (const [name, tensor] of Object.entries(live)) tensor.write(packed[name] as Float32Array)
      const fixed = await TextModel.create({ engine, model, tokenizer, weights: { packed } })
      const [ours, theirs] = [
        await following.outputs(texts, { rows }),
        await fixed.outputs(texts, { rows }),
      ]
      for (const [i, values] of ours.entries())
        expect(distance(values, theirs[i] as Float32Array)).toBeLessThan(1e-4)
      await fixed.dispose()
    }
    await following.dispose()
    for (const tensor of Object.values(live)) tensor.dispose()
  })
})

test('a text loses what is behind the longest that vectors are made of', async () => {
  const plain = tinyEncoders['BERT that embeds'] as EncoderConfig
  const config = { ...plain, head: { ...plain.head, maxTokens: 8 } }
  const model = new Encoder(config)
  const given = { engine, model, tokenizer, weights: { packed: tinyWeights(model) } }
  const cutting = await TextModel.create(given)
  const whole = await TextModel.create({ ...given, model: new Encoder(plain) })
  expect([cutting.context, whole.context]).toEqual([8, plain.context])
  const alike = ['the quick brown fox', 'the quick brown dog']
  const [fox, dog] = await embed(cutting, alike)
  expect(fox).toEqual(dog)
  const [wholeFox, wholeDog] = await embed(whole, alike)
  expect(wholeFox).not.toEqual(wholeDog)
  await Promise.all([cutting.dispose(), whole.dispose()])
})

describe('prompts of a model that embeds', () => {
  const plain = tinyEncoders['BERT that embeds'] as EncoderConfig
  const prompts = { texts: { query: 'abc ', passage: '' }, default: 'query', pooled: true }
  const open = (own: typeof prompts | undefined, head: Partial<EncoderConfig['head']> = {}) => {
    const config = { ...plain, head: { ...plain.head, ...head, ...(own && { prompts: own }) } }
    const model = new Encoder(config)
    return TextModel.create({ engine, model, tokenizer, weights: { packed: tinyWeights(model) } })
  }

  test('the default one, or the one that is named, precedes a text', async () => {
    const [prompted, bare] = [await open(prompts), await open(undefined)]
    const [alone, behind] = await embed(bare, ['fox', 'abc fox'])
    expect(await embed(prompted, ['fox'])).toEqual([behind])
    expect(await embed(prompted, ['fox'], { promptName: 'passage' })).toEqual([alone])
    expect(alone).not.toEqual(behind)
    await expect(embed(prompted, ['fox'], { promptName: 'title' })).rejects.toThrow(
      'promptName is title; this model has query, passage',
    )
    await expect(embed(bare, ['fox'], { promptName: 'query' })).rejects.toThrow('has no prompts')
    await Promise.all([prompted.dispose(), bare.dispose()])
  })

  test('include_prompt: false leaves its tokens out of the mean', async () => {
    const head = { pooling: 'mean', normalized: false } as const
    const loaded = await open({ ...prompts, pooled: false }, head)
    const { model } = loaded
    const { ids } = encodeInput(tokenizer, 'abc fox')
    const weights = tinyWeights(model)
    const [hidden] = evaluate([model.hidden(input('ids', 'int32', [1, ids.length]))], {
      ids: { shape: [1, ids.length], values: ids },
      ...Object.fromEntries(
        [...model.parameters()].map(([name, { shape }]) => {
          return [name, { shape, values: weights[name] as Float32Array }]
        }),
      ),
    })
    const skipped = tokenizer.encode('abc ').length
    const rows = ids.slice(skipped).map((_, i) => skipped + i)
    const { dim } = plain
    const mean = Float32Array.from({ length: dim }, (_, column) => {
      const all = rows.map((row) => hidden?.data[row * dim + column] as number)
      return all.reduce((a, b) => a + b, 0) / rows.length
    })
    const [vector, other] = await embed(loaded, ['fox', 'a longer text beside it'])
    expect(distance(vector as Float32Array, mean)).toBeLessThan(1e-4)
    expect(distance(other as Float32Array, mean)).toBeGreaterThan(1e-2)
    await loaded.dispose()
  })

  test('special tokens before a prompt count with it, one behind it does not', () => {
    const head = { pooling: 'mean', prompts: { texts: {}, pooled: false } } as const
    const single = [{ ids: [1] }, { text: 0 }, { ids: [2] }]
    const template = { single, pair: [] }
    const specialTokens = { '[CLS]': 1, '[SEP]': 2 }
    const bert = {
      ...tinyTokenizer(),
      inputTemplate: template,
      specialTokens,
    } as unknown as Tokenizer
    expect(promptTokens(head, bert, 'abc')).toBe(4)
    expect(promptTokens({ ...head, pooling: 'first' }, bert, 'abc')).toBe(0)
    expect(promptTokens(head, bert, '')).toBe(0)
  })
})

test('texts of like length come together, and none is forgotten', () => {
  const lengths = [3, 100, 5, 90, 4, 1000, 2]
  const batches = inBatches(lengths, 200)
  expect(batches.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(batches).toEqual([[5], [1, 3], [2, 4, 0, 6]])
  expect(inBatches([])).toEqual([])
})

test('a folder whose texts would be made lower case first is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chatwright-text-'))
  try {
    const letters = await trainCharTokenizer(['aAbBcC'], { kind: 'encoder' })
    const plain = tinyEncoders['BERT that embeds'] as EncoderConfig
    const model = new Encoder({ ...plain, vocabSize: letters.vocabSize })
    const weights = tinyWeights(model)
    const values = { tensor: (n: string) => ({ read: async () => weights[n] as Float32Array }) }
    await writeFolder(folder, modelFiles({ model, values, tokenizer: letters }))
    await writeFile(join(folder, 'sentence_bert_config.json'), '{ "do_lower_case": true }')
    await expect(loadTextModel(folder, { engine })).rejects.toThrow('tells capitals apart')
    await writeFile(join(folder, 'sentence_bert_config.json'), '{ "max_seq_length": 2 }')
    await expect(loadTextModel(folder, { engine })).rejects.toThrow(
      /sentence_bert_config\.json: max_seq_length is 2/,
    )
    await writeFile(join(folder, 'sentence_bert_config.json'), '{ "max_seq_length": 4 }')
    const loaded = await loadTextModel(folder, { engine })
    expect(loaded.context).toBe(4)
    await loaded.dispose()
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a folder whose model writes is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chatwright-text-'))
  try {
    await expect(loadTextModel(folder)).rejects.toThrow('config.json')
    const gpt2 = { model_type: 'gpt2', vocab_size: 5, n_positions: 8, n_embd: 8, n_layer: 1 }
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...gpt2, n_head: 2 }))
    await expect(loadTextModel(folder)).rejects.toThrow('tokenizer')
  } finally {
    await rm(folder, { recursive: true })
  }
})
