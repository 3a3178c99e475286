import { once } from 'node:events'
import {
  copyFile,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { tinyAdapter } from '../../test/tiny-adapter.ts'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { packParameters, readParameters } from '../checkpoint/load-parameters.ts'
import { openModel, whileNotReplaced, withModel } from '../checkpoint/open-model.ts'
import { withAdapters } from '../checkpoint/with-adapters.ts'
import { UserError } from '../errors.ts'
import { writeFolder } from '../files/folder.ts'
import { modelFiles } from '../formats/huggingface/model-files.ts'
import type { OpenModel } from '../formats/open-model.ts'
import type { Adapter } from '../formats/peft/lora/adapter.ts'
import { isStored } from '../graph/onnx/model.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { createModel } from '../models/model.ts'
import { openEngine } from '../runtime/open.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { CHATML } from '../text/chat-template.ts'
import { generate } from './generate.ts'
import { LanguageModel } from './language-model.ts'
import { load } from './load.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
const root = await mkdtemp(join(tmpdir(), 'chatwright-'))
afterAll(async () => {
  await engine.dispose()
  await rm(root, { recursive: true })
})

let folder: string
beforeEach(async () => {
  folder = join(await mkdtemp(join(root, 'model-')), 'saved')
})

/** 58 characters and three special tokens. */
const tokenizer = await trainCharTokenizer(
  ['abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ01234'],
  { specialTokens: ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] },
)
const greedily = { prompt: 'Call me', temperature: 0, maxTokens: 20 }

async function save(config: DecoderConfig, generation = {}) {
  const decoder = new Decoder(config)
  const weights = tinyWeights(decoder)
  const values = {
    tensor: (name: string) => {
      const tensor = engine.tensor('float32', decoder.parameters().get(name)?.shape ?? [])
      tensor.write(weights[name] as Float32Array)
      return tensor
    },
  }
  const files = { model: decoder, values, tokenizer, chatTemplate: CHATML, generation }
  await writeFolder(folder, modelFiles(files))
  return { decoder, weights }
}

const edit = async (file: string, change: (json: Record<string, unknown>) => unknown) => {
  const path = join(folder, file)
  const json = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify(change(json) ?? json))
}

describe.each(Object.entries(tinyConfigs))('%s', (_, config) => {
  test('a saved model, loaded, generates what it did before', async () => {
    const { decoder, weights } = await save(config)
    const before = await LanguageModel.create({
      engine,
      model: decoder,
      tokenizer,
      weights: { packed: weights },
    })
    const model = await load(folder, { engine })
    expect(model.config).toEqual(config)
    expect(model.chatTemplate).toBe(CHATML)
    expect(model.facts).toMatchObject({ unknownFields: [], unusedTensors: [] })
    const expected = await generate(before, { ...greedily, logprobs: 3 })
    const found = await generate(model, { ...greedily, logprobs: 3 })
    expect(found.pieces).toEqual(expected.pieces)
    await Promise.all([before.dispose(), model.dispose()])
  })
})

const config = tinyConfigs.Llama as DecoderConfig

test('the folder says how to generate', async () => {
  await save(config, { do_sample: false, max_new_tokens: 5 })
  const model = await load(folder, { threads: 1 })
  expect(model.engine.threads).toBe(1)
  const { text, tokens } = await generate(model, { prompt: 'Call me' })
  expect(tokens.length).toBe(5)
  const explicit = await generate(model, { ...greedily, maxTokens: 5, seed: 4 })
  expect(explicit.text).toBe(text)
  expect(model.stopIds).toEqual(new Set([tokenizer.eosId]))
  await model.dispose()
})

test('a text ends at every token that config.json or generation_config.json names', async () => {
  await save(config)
  const free = await load(folder, { engine })
  const { tokens } = await generate(free, { ...greedily, maxTokens: 9 })
  const [first, , third] = tokens as [number, number, number]
  const last = tokens.findIndex((id, i) => i > 2 && !tokens.slice(0, 3).includes(id))
  const later = tokens[last] as number
  const ended = async (model: number | number[] | null, generation: unknown) => {
    await edit('config.json', (json) => ({ ...json, eos_token_id: model }))
    await edit('generation_config.json', () => ({ eos_token_id: generation }))
    const found = await load(folder, { engine })
    return (await generate(found, { ...greedily, maxTokens: 9 })).tokens
  }
  expect(await ended([60, later], null)).toEqual(tokens.slice(0, last + 1))
  expect(await ended([60, later], 60)).toEqual(tokens.slice(0, last + 1))
  expect(await ended(third, [60, later])).toEqual(tokens.slice(0, tokens.indexOf(third) + 1))
  expect(await ended(null, [later, first])).toEqual([first])
  // There is no such token.
  expect(await ended(-1, [-1, later])).toEqual(tokens.slice(0, last + 1))
  expect(await ended(-1, -1)).toEqual(tokens)
  await edit('config.json', (json) => ({ ...json, eos_token_id: '2' }))
  await expect(load(folder, { engine })).rejects.toThrow(
    'config.json: eos_token_id is "2"; expected',
  )
  await rm(join(folder, 'generation_config.json'))
  await edit('config.json', (json) => ({ ...json, eos_token_id: [60, later] }))
  const { tokens: found } = await generate(await load(folder, { engine }), greedily)
  expect(found).toEqual(tokens.slice(0, last + 1))
})

test('an added token without a row is never picked, and its name is text', async () => {
  // The last, <|im_end|>, has none.
  await save({ ...config, vocabSize: 60 })
  const model = await load(folder, { engine })
  expect(model.tokenizer.vocabSize).toBe(60)
  expect(model.facts?.unknownFields).toEqual(['token <|im_end|> (no row in the model)'])
  expect(() => model.tokenizer.encode('<|im_end|>', { specials: true })).toThrow('is unknown')
  const { tokens } = await generate(model, { ...greedily, logprobs: 60 })
  expect(tokens).toHaveLength(20)
  await expect(generate(model, { ...greedily, logitBias: { 60: 5 } })).rejects.toThrow(
    'there is no token 60',
  )
})

test('it tells what it did not know or use', async () => {
  await save(config)
  await edit('config.json', (json) => ({ ...json, rope_theta: 5000, sliding_window: 7 }))
  await edit('config.json', (json) => ({ ...json, num_hidden_layers: 1 }))
  const settings = { num_beams: 4, early_stopping: true, typical_p: 1, top_k: 50, min_length: 0 }
  await edit('generation_config.json', (json) => ({ ...json, ...settings }))
  const told = once(process, 'warning')
  const model = await load(folder, { engine })
  expect(model.config).toMatchObject({ ropeTheta: 5000 })
  expect(model.facts?.unknownFields).toEqual(['sliding_window'])
  expect(model.facts?.unusedTensors).toHaveLength(9)
  expect(model.facts?.unusedTensors[0]).toMatch(/^model\.layers\.1\./)
  expect(model.facts?.unusedSettings).toEqual(['num_beams (4)', 'early_stopping (true)'])
  const [{ name, message }] = await told
  expect(name).toBe('ChatwrightNotice')
  expect(message).toMatch(/not used: sliding_window; .* num_beams \(4\), .* and 4 more$/)
  await model.dispose()
})

test('a template among several, or in a file of its own', async () => {
  await save(config)
  const named = [
    { name: 'tool_use', template: 'x' },
    { name: 'default', template: 'y' },
  ]
  await edit('tokenizer_config.json', (json) => ({ ...json, chat_template: named }))
  expect((await load(folder, { engine })).chatTemplate).toBe('y')
  await writeFile(join(folder, 'chat_template.jinja'), 'z')
  expect((await load(folder, { engine })).chatTemplate).toBe('z')
})

test('BOS comes before a prompt where the tokenizer says so', async () => {
  await save(config)
  const promptTokens = async () => {
    const model = await load(folder, { engine })
    return (await generate(model, { ...greedily, prompt: 'abc' })).promptTokens
  }
  expect(await promptTokens()).toBe(3)
  await edit('tokenizer_config.json', (json) => ({ ...json, add_bos_token: true }))
  expect(await promptTokens()).toBe(4)
})

describe('what is wrong is named:', () => {
  const refused = async () => {
    const error: unknown = await load(folder, { engine }).catch((reason) => reason)
    expect(error).toBeInstanceOf(UserError)
    return (error as Error).message
  }

  test('no folder, no file', async () => {
    expect(await refused()).toMatch(/saved.config\.json: there is no such file/)
    await save(config)
    await rm(join(folder, 'model.safetensors'))
    expect(await refused()).toContain('model.safetensors')
    await rm(join(folder, 'tokenizer.json'))
    expect(await refused()).toMatch(/saved: there is no tokenizer: expected tokenizer\.json/)
  })

  test('a tokenizer of another model', async () => {
    await save({ ...config, vocabSize: 57 })
    expect(await refused()).toContain(
      'tokenizer.json has 61 tokens, but the model was made for 57; they do not belong together',
    )
    await rm(folder, { recursive: true })
    await save({ ...config, vocabSize: 500 })
    expect(await refused()).toContain('has 61 tokens, but the model was made for 500')
  })

  test('weights of another shape', async () => {
    await save(config)
    await edit('config.json', (json) => ({ ...json, intermediate_size: 64 }))
    expect(await refused()).toMatch(/gate_proj\.weight has the shape \(192,64\).*\(64,64\)/)
  })

  test('a tensor without which a layer computes something else', async () => {
    await save({ ...config, attentionBias: 'all' })
    await edit('config.json', (json) => ({ ...json, attention_bias: false }))
    expect(await refused()).toContain(
      'the weights have model.layers.0.self_attn.k_proj.bias, ' +
        'which config.json (llama) does not mention',
    )
  })

  test.each([
    [{ temperature: -1 }, 'temperature is -1: expected '],
    [{ repetition_penalty: 0 }, 'repetition_penalty is 0: expected '],
    [{ top_p: 1.5 }, 'top_p is 1.5: expected number to be <=1'],
    [{ top_k: -1 }, 'top_k is -1: expected '],
    [{ min_p: 2 }, 'min_p is 2: expected number to be <=1'],
    [{ max_new_tokens: 0 }, 'max_new_tokens is 0: expected '],
    [{ eos_token_id: 1.5 }, 'eos_token_id is'],
  ])('settings of generation out of the range of the options: %j', async (settings, message) => {
    await save(config)
    await edit('generation_config.json', (json) => ({ ...json, ...settings }))
    expect(await refused()).toContain(`generation_config.json: ${message}`)
  })

  test('settings that are no object', async () => {
    await save(config)
    await writeFile(join(folder, 'generation_config.json'), '[]')
    expect(await refused()).toMatch(/generation_config\.json is not an object of settings/)
  })

  test('what is not JSON', async () => {
    await save(config)
    await writeFile(join(folder, 'generation_config.json'), '{')
    expect(await refused()).toMatch(/generation_config\.json is not JSON/)
  })
})

test('float32 weights stay in the file, also behind a link, and outlive its name', async () => {
  const { decoder, weights } = await save(tinyConfigs.Llama as DecoderConfig)
  const pack = (files: OpenModel) => packParameters(engine, decoder, files)
  const { packed, free } = await withModel(folder, pack)
  expect(Object.values(packed).every(isStored)).toBe(true)
  expect(Object.keys(packed).sort()).toEqual([...decoder.parameters().keys()].sort())
  free()
  const given = { engine, model: decoder, tokenizer, weights: { packed: weights } }
  const before = await LanguageModel.create(given)
  const { text } = await generate(before, greedily)
  await before.dispose()

  const place = join(folder, 'model.safetensors')
  await rename(place, join(root, 'a blob'))
  await symlink(join(root, 'a blob'), place)
  const model = await load(folder, { engine })
  await rm(folder, { recursive: true })
  await rm(join(root, 'a blob'))
  expect((await generate(model, greedily)).text).toBe(text)
  await model.dispose()
})

test('weights of a file that was replaced meanwhile are refused', async () => {
  const { decoder } = await save(tinyConfigs.Llama as DecoderConfig)
  const pack = (files: OpenModel) => packParameters(engine, decoder, files)
  const { packed, free } = await withModel(folder, pack)
  const path = join(folder, 'model.safetensors')
  await copyFile(path, join(root, 'later'))
  await rename(join(root, 'later'), path)
  const given = { engine, model: decoder, tokenizer, weights: { packed } }
  await expect(LanguageModel.create(given)).rejects.toThrow(
    `${await realpath(path)} was replaced after it was opened; load the model again`,
  )
  free()

  let times = 0
  const made = await whileNotReplaced(folder, async (files) => {
    const { packed, free } = await pack(files)
    await copyFile(path, join(root, 'later'))
    if (++times < 3) await rename(join(root, 'later'), path)
    return LanguageModel.create({ ...given, weights: { packed } }).finally(free)
  })
  expect(times).toBe(3)
  await made.dispose()
})

test.each([8, 4] as const)('a model is loaded in %d bits, and as a draft', async (bits) => {
  await save(tinyConfigs.Llama as DecoderConfig)
  const whole = await load(folder, { engine })
  const { text } = await generate(whole, greedily)
  const small = await load(folder, { engine, bits })
  expect((await generate(small, greedily)).tokens.length).toBeGreaterThan(3)
  const drafted = await load(folder, { engine, draft: bits })
  expect((await generate(drafted, greedily)).text).toBe(text)
  await Promise.all([whole.dispose(), small.dispose(), drafted.dispose()])
})

test('with an adapter, the base stays in its file, unless the adapter is merged', async () => {
  const { decoder } = await save(tinyConfigs.Llama as DecoderConfig)
  const files = await openModel(folder)
  const adapter = { adapter: tinyAdapter(decoder, 1), base: undefined, texts: undefined }
  const stored = async (merge: boolean) => {
    const adapted = withAdapters(files, [adapter], { merge })
    const { packed, free } = await packParameters(engine, decoder, adapted)
    free()
    return Object.values(packed).filter(isStored).length
  }
  expect(await stored(false)).toBe(decoder.parameters().size)
  expect(await stored(true)).toBe(0)
  await files.close()
})

describe('an adapter that changes the output of a tied model', () => {
  const tied = { ...config, tied: true }
  const withAdapter = async (part: Partial<Adapter>, merge: boolean) => {
    const { decoder, weights } = await save(tied)
    const base = await openModel(folder)
    const adapter = { name: 'out', updates: new Map(), replaced: new Map(), ...part }
    const adapted = withAdapters(base, [{ adapter, base: undefined, texts: undefined }], { merge })
    const memory = await readParameters(adapted, createModel(adapted.config))
    await base.close()
    const embedding = weights['model.embed_tokens.weight'] as Float32Array
    expect(memory['model.embed_tokens.weight']).toEqual(embedding)
    expect(adapted.config).toMatchObject({ tied: false })
    return { output: memory['lm_head.weight'] as Float32Array, embedding, decoder }
  }

  test('updates it, merged, and leaves the embedding', async () => {
    const [down, up] = [new Float32Array(64).fill(0.5), new Float32Array(61).fill(0.25)]
    const updates = new Map([['lm_head', { rank: 1, scale: 2, down, up }]])
    const { output, embedding } = await withAdapter({ updates }, true)
    expect(output).toEqual(embedding.map((x) => x + 0.25))
  })

  test('brings another along', async () => {
    const values = new Float32Array(61 * 64).fill(3)
    const replaced = new Map([['lm_head.weight', { shape: [61, 64], values }]])
    expect((await withAdapter({ replaced }, false)).output).toEqual(values)
  })
})

test('weights to quantize, or for an engine that reads no files, are read to memory', async () => {
  const { decoder } = await save(tinyConfigs['GPT-2'] as DecoderConfig)
  const files = await openModel(folder)
  const all = await packParameters(engine, decoder, files, { inMemory: true })
  expect(Object.values(all.packed).some(isStored)).toBe(false)
  all.free()
  const wasm = await openEngine({ engine: 'wasm', threads: 2 })
  const own = await packParameters(wasm, decoder, files)
  expect(Object.values(own.packed).some(isStored)).toBe(false)
  own.free()
  await files.close()
  await wasm.dispose()
})
