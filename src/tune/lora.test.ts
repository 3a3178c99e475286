import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decoderIn } from '../../test/open-model.ts'
import { merge } from '../checkpoint/merge.ts'
import { evaluate } from '../evaluate/evaluate.ts'
import { openFile } from '../files/node-file.ts'
import { readAdapterFolder } from '../formats/peft/adapter-folder.ts'
import { openSafetensors } from '../formats/safetensors/safetensors.ts'
import { chat } from '../generate/chat.ts'
import { load } from '../generate/load.ts'
import { train } from '../train/train.ts'
import type { TuneOptions } from './options.ts'
import { tune } from './tune.ts'

let folder: string
const path = (name: string) => join(folder, name)
const ANSWERS = { white: 'snow is white.', blue: 'the sky is blue.' }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-lora-'))
  const alphabet = 'what is the colour of snow? white. the sky is blue. system user assistant\n'
  await writeFile(path('text.txt'), alphabet.repeat(40))
  const model = { layers: 2, heads: 2, dim: 32, context: 64, threads: 2, tokenizer: 'char' }
  const length = { batch: 8, steps: 20, lr: 3e-3, evalEvery: 20 }
  await train({ data: [path('text.txt')], out: path('base'), ...model, ...length })
  for (const [name, output] of Object.entries(ANSWERS)) {
    const line = JSON.stringify({ instruction: 'what is the colour?', output })
    await writeFile(path(`${name}.jsonl`), `${line}\n`.repeat(20))
  }
  await tune(options('white'))
  await tune(options('blue', 'blue'))
})
afterAll(() => rm(folder, { recursive: true }))

const options = (out: string, data = 'white'): TuneOptions => ({
  model: path('base'),
  data: [path(`${data}.jsonl`)],
  out: path(out),
  batch: 4,
  steps: 60,
  lr: 2e-2,
  evalEvery: 60,
  threads: 2,
  adapter: 'lora',
  adapterDropout: 0.1,
})

const tensorsOf = async (file: string) => {
  const weights = await openSafetensors(await openFile(file), file)
  await weights.close()
  return weights.tensors
}

test('only the adapter is learned, and it learns to answer', async () => {
  let parameters = 0
  const { loss, ...result } = await tune(options('counted'), {
    onStart: (facts) => {
      parameters = facts.parameters
    },
  })
  // c_attn, attn.c_proj, c_fc and mlp.c_proj of two layers, rank 8.
  expect(parameters).toBe(2 * 8 * (32 + 96 + (32 + 32) + (32 + 128) + (128 + 32)))
  expect(result.parameters).toBe(parameters)
  expect(loss).toBeLessThan(0.5)
  // Values and the optimizer's two moments, and no more.
  const state = await tensorsOf(path('counted/checkpoints/step-60/training_state.safetensors'))
  const kinds = new Set([...state.keys()].map((name) => name.split('/')[0]))
  const elements = [...state.values()].reduce(
    (total, { shape }) => total + shape.reduce((a, b) => a * b, 1),
    0,
  )
  expect(kinds.size).toBe(3)
  expect(elements).toBe(3 * parameters)
})

test('the folder is that of PEFT, with the tokenizer and the rows of its new tokens', async () => {
  const names = await readdir(path('white'))
  for (const name of ['adapter_config.json', 'adapter_model.safetensors', 'tokenizer.json'])
    expect(names).toContain(name)
  expect(names).not.toContain('model.safetensors')
  expect(names).not.toContain('config.json')
  const config = JSON.parse(await readFile(path('white/adapter_config.json'), 'utf8'))
  expect(config).toMatchObject({
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    r: 8,
    lora_alpha: 16,
    lora_dropout: 0.1,
    fan_in_fan_out: true,
    use_rslora: false,
    base_model_name_or_path: path('base'),
    target_modules: ['c_attn', 'c_fc', 'c_proj'],
  })
  const base = await decoderIn(path('base'))
  const tensors = await tensorsOf(path('white/adapter_model.safetensors'))
  expect(tensors.size).toBe(2 * 2 * 4 + 1)
  expect(tensors.get('base_model.model.transformer.wte.weight')?.shape).toEqual([
    base.config.vocabSize + 2,
    32,
  ])
  expect(tensors.get('base_model.model.transformer.h.1.attn.c_attn.lora_B.weight')?.shape).toEqual([
    96, 8,
  ])
  const { adapter, texts } = await readAdapterFolder(path('white'))
  expect(texts?.chatTemplate).toContain('<|im_start|>')
  const rows = adapter.replaced.get('transformer.wte.weight')?.values as Float32Array
  const [start, end] = [rows.slice(-64, -32), rows.slice(-32)]
  expect(start).not.toEqual(end)
})

test('a tuning that is resumed ends as one that was not', async () => {
  const stop = new AbortController()
  await tune(options('cut'), {
    signal: stop.signal,
    onMetrics: ({ step }) => step === 25 && stop.abort(),
  })
  await tune({ ...options('cut'), resume: true })
  for (const name of ['adapter_model.safetensors', 'training_state.safetensors']) {
    const bytes = (out: string) => readFile(path(`${out}/checkpoints/step-60/${name}`))
    expect((await bytes('cut')).equals(await bytes('white'))).toBe(true)
  }
  await expect(tune({ ...options('cut'), rank: 4, resume: true })).rejects.toThrow(
    /--rank: 8 before, 4 now/,
  )
})

test('a base from the Hub’s cache is named as on the Hub', async () => {
  const model = path('models--owner--a-name/snapshots/0123')
  await cp(path('base'), model, { recursive: true })
  await tune({ ...options('from-hub'), model, steps: 1 })
  expect((await readAdapterFolder(path('from-hub'))).base).toBe('owner/a-name')
})

test('an adapter is no model to tune: it is to be merged first', async () => {
  await expect(tune({ ...options('second'), model: path('white') })).rejects.toThrow(
    /white has an adapter; .*; for all else, join the two with chatwright merge$/,
  )
})

describe('layers', () => {
  test('by name', async () => {
    await tune({ ...options('few'), steps: 1, adapterLayers: ['c_attn'], rank: 2, rslora: true })
    const config = JSON.parse(await readFile(path('few/adapter_config.json'), 'utf8'))
    expect(config).toMatchObject({ r: 2, lora_alpha: 4, use_rslora: true })
    expect(config.target_modules).toEqual(['c_attn'])
    const { size } = await stat(path('few/adapter_model.safetensors'))
    expect(size).toBeLessThan((await stat(path('white/adapter_model.safetensors'))).size / 2)
  })

  test('by an expression of whole names', async () => {
    const adapterLayers = ['.*h\\.1\\.mlp\\..*']
    await tune({ ...options('late'), steps: 1, adapterLayers })
    const { adapter } = await readAdapterFolder(path('late'))
    expect([...adapter.updates.keys()]).toEqual([
      'transformer.h.1.mlp.c_fc',
      'transformer.h.1.mlp.c_proj',
    ])
  })

  test('that are not there are named', async () => {
    const adapterLayers = ['q_proj']
    await expect(tune({ ...options('none'), adapterLayers })).rejects.toThrow(
      /no layer is named q_proj.*c_attn/,
    )
  })
})

const question = [{ role: 'user', content: 'what is the colour?' }] as const
const greedily = { temperature: 0, maxTokens: 20 }

test('options of adapters without one are refused', async () => {
  const none = { ...options('none'), adapter: 'none', adapterDropout: undefined } as const
  await expect(tune({ ...none, rank: 4 })).rejects.toThrow(/rank is for an adapter/)
  await expect(tune({ ...none, baseBits: 4 })).rejects.toThrow(/baseBits is for an adapter/)
})

describe('in use', () => {
  test('each adapter answers as it was taught, switched while the model runs', async () => {
    const model = await load(path('base'), { adapter: path('white'), threads: 2 })
    const answer = async () => (await chat(model, question, greedily)).text
    expect(await answer()).toBe(ANSWERS.white)
    const white = model.adapters
    model.useAdapters([(await readAdapterFolder(path('blue'))).adapter])
    expect(await answer()).toBe(ANSWERS.blue)
    model.useAdapters([])
    expect(Object.values(ANSWERS)).not.toContain(await answer())
    model.useAdapters(white)
    expect(await answer()).toBe(ANSWERS.white)
    await model.dispose()
  })

  test('several are given by their folders', async () => {
    const model = await load(path('base'), { adapter: [path('white'), path('blue')], threads: 2 })
    expect(model.adapters.map(({ adapter }) => adapter.name)).toEqual([path('white'), path('blue')])
    const [white, blue] = model.adapters
    if (!white || !blue) throw new Error('two were loaded')
    model.useAdapters([{ ...white, weight: 0 }, blue])
    expect((await chat(model, question, greedily)).text).toBe(ANSWERS.blue)
    await model.dispose()
  })

  test('merged, the model answers by itself, with the tokens of the adapter', async () => {
    await merge({ model: path('base'), adapter: [path('white')], out: path('merged') })
    const merged = await load(path('merged'), { threads: 2 })
    const beside = await load(path('base'), { adapter: path('white'), threads: 2 })
    const options = { ...greedily, logprobs: 0 }
    const [one, two] = [
      await chat(merged, question, options),
      await chat(beside, question, options),
    ]
    expect(one.text).toBe(ANSWERS.white)
    for (const [i, { logprob }] of one.pieces.entries())
      expect(logprob).toBeCloseTo(two.pieces[i]?.logprob as number, 4)
    const base = await decoderIn(path('base'))
    expect(merged.config).toHaveProperty('vocabSize', base.config.vocabSize + 2)
    expect([...merged.stopIds]).toContain(merged.tokenizer.specialTokens['<|im_end|>'])
    await merged.dispose()
    await beside.dispose()
    const again = merge({ model: path('base'), adapter: [path('white')], out: path('merged') })
    await expect(again).rejects.toThrow(/merged: the folder is not empty/)
  })

  test('a measurement with an adapter is that of the merged model', async () => {
    const data = [path('text.txt')]
    const beside = await evaluate({ model: path('base'), adapter: [path('white')], data })
    const merged = await evaluate({ model: path('merged'), data })
    const base = await evaluate({ model: path('base'), data })
    expect(beside.loss).toBeCloseTo(merged.loss, 6)
    expect(Math.abs(beside.loss - base.loss)).toBeGreaterThan(0.01)
  })

  test('adapters with different tokenizers are not used together', async () => {
    await cp(path('white'), path('foreign'), { recursive: true })
    for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
      const file = path(`foreign/${name}`)
      const text = await readFile(file, 'utf8')
      await writeFile(file, text.replaceAll('<|im_end|>', '<|im_stop|>'))
    }
    const adapter = [path('white'), path('foreign')]
    await expect(load(path('base'), { adapter, threads: 2 })).rejects.toThrow(
      /white and .*foreign have different tokenizers/,
    )
  })

  test('what is no adapter is refused by name', async () => {
    const open = (adapter: string) => load(path('base'), { adapter, threads: 2 })
    await expect(open(path('base'))).rejects.toThrow(/adapter_config\.json: there is no such file/)
    await mkdir(path('dora'))
    const config = JSON.parse(await readFile(path('white/adapter_config.json'), 'utf8'))
    const write = (changes: object) =>
      writeFile(path('dora/adapter_config.json'), JSON.stringify({ ...config, ...changes }))
    await write({ use_dora: true })
    await expect(open(path('dora'))).rejects.toThrow(/use_dora is true.*not supported/)
    await write({ peft_type: 'IA3' })
    await expect(open(path('dora'))).rejects.toThrow(/peft_type.*LoRA/)
    await write({ init_lora_weights: 'pissa_niter_4' })
    await expect(open(path('dora'))).rejects.toThrow(/changed the base/)
    await write({})
    await expect(open(path('dora'))).rejects.toThrow(/adapter_model\.safetensors/)
  })
})

test.each([8, 4] as const)(
  'over a base in %s bits, which takes so much less memory',
  async (baseBits) => {
    const { loss } = await tune({ ...options(`bits-${baseBits}`), baseBits })
    expect(loss).toBeLessThan(0.5)
    const model = await load(path('base'), { adapter: path(`bits-${baseBits}`), threads: 2 })
    expect((await chat(model, question, greedily)).text).toBe(ANSWERS.white)
    await model.dispose()
    expect(await readFile(path(`bits-${baseBits}/sample.txt`), 'utf8')).not.toBe('')
  },
)
