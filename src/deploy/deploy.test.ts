import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelIn, openModelOf } from '../../test/open-model.ts'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { llama2File } from '../../test/tokenizer-files.ts'
import { readParameters } from '../checkpoint/load-parameters.ts'
import { withModel } from '../checkpoint/open-model.ts'
import { openFile } from '../files/node-file.ts'
import { openGguf } from '../formats/gguf/gguf.ts'
import { writeHuggingFace } from '../formats/huggingface/write.ts'
import type { OpenModel } from '../formats/open-model.ts'
import { llamaConfig } from '../models/decoder-config.ts'
import { createModel, type ModelConfig } from '../models/model.ts'
import { trainBpe } from '../text/bpe/train.ts'
import { loadTokenizer } from '../text/load.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { exportModel } from './export-model.ts'
import { importModel } from './import-model.ts'

const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
afterAll(() => rm(folder, { recursive: true }))
const at = (name: string) => join(folder, name)

const sizes = { context: 16, layers: 2, dim: 32, heads: 4, kvHeads: 2, hiddenDim: 64 }

/** A model's folder, and the values that are in it. */
async function write(
  out: string,
  config: ModelConfig,
  tokenizer: Tokenizer,
  others: Partial<OpenModel> = {},
): Promise<Record<string, Float32Array>> {
  const weights = tinyWeights(createModel(config))
  const model = openModelOf(config, weights, tokenizer, others)
  await writeHuggingFace(model, out, { dtype: 'f32', shardBytes: 1e9 })
  return weights
}

const parametersOf = (path: string): Promise<Record<string, number[]>> =>
  withModel(path, async (model) => plain(await readParameters(model, createModel(model.config))))

const plain = (weights: Readonly<Record<string, Float32Array>>) =>
  Object.fromEntries(Object.entries(weights).map(([name, array]) => [name, [...array]]))

let tokenizer: Tokenizer
let config: ReturnType<typeof llamaConfig>
let weights: Record<string, Float32Array>
beforeAll(async () => {
  tokenizer = await trainBpe(['the cat and the dog'], { vocabSize: 300, minFrequency: 1 })
  config = llamaConfig({ ...sizes, vocabSize: tokenizer.vocabSize + 5 })
  weights = await write(at('model'), config, tokenizer, {
    chatTemplate: '{{ messages }}',
    generation: { eos_token_id: [tokenizer.eosId, 2, 3], temperature: 0.5 },
  })
})

describe('GGUF', () => {
  it('comes back as it was: weights, tokenizer, template, ends of generation', async () => {
    await exportModel({ model: at('model'), format: 'gguf', out: at('model.gguf') })
    const imported = await importModel({ source: at('model.gguf'), out: at('again') })
    expect(imported).toMatchObject({
      architecture: 'llama',
      out: at('again'),
      unknownFields: [],
      hasChatTemplate: true,
      tokens: tokenizer.vocabSize,
      config: { ...sizes, vocabSize: tokenizer.vocabSize + 5 },
    })
    const again = await modelIn(at('again'))
    expect(await parametersOf(at('again'))).toEqual(plain(weights))
    expect(again.tokenizer.toJSON()).toEqual(tokenizer.toJSON())
    expect(again.chatTemplate).toBe('{{ messages }}')
    expect(again.generation.eos_token_id).toEqual([tokenizer.eosId, 2, 3])
  })

  it('tells what it does not know, and takes another tokenizer', async () => {
    const gguf = await readFile(at('model.gguf'))
    const key = gguf.indexOf('llama.vocab_size')
    gguf.write('llama.novel_size', key)
    await writeFile(at('novel.gguf'), gguf)
    const source = { source: at('novel.gguf'), tokenizer: at('model') }
    const { unknownFields } = await importModel({ ...source, out: at('novel') })
    expect(unknownFields).toEqual(['llama.novel_size'])
    const { tokenizer: given, chatTemplate } = await modelIn(at('novel'))
    expect(given.encode('the cat')).toEqual(tokenizer.encode('the cat'))
    expect(chatTemplate).toBe('{{ messages }}')
  })

  it('is smaller where it is quantized', async () => {
    const bytes = async (dtype: string) => {
      const out = at(`model-${dtype}.gguf`)
      await exportModel({ model: at('model'), format: 'gguf', dtype, out })
      const gguf = await openGguf(await openFile(out))
      const { length } = gguf.tensors.get('blk.0.ffn_up.weight') ?? { length: 0 }
      await gguf.close()
      return length
    }
    expect(await Promise.all(['f32', 'bf16', 'q8_0', 'q4_0'].map(bytes))).toEqual(
      [4, 2, 34 / 32, 18 / 32].map((perElement) => 64 * 32 * perElement),
    )
  })
})

describe('llama2.c', () => {
  const GROUP = 4
  /** The file in llama2.c's order; rows of queries and keys in pairs. */
  function llama2c(
    values: Readonly<Record<string, Float32Array>>,
    { tied, version = 0 }: { tied: boolean; version?: number },
  ): Buffer {
    const { layers, dim, hiddenDim, heads, kvHeads, context } = sizes
    const vocabulary = tied || version > 0 ? 400 : -400
    const fields = Int32Array.of(dim, hiddenDim, layers, heads, kvHeads, vocabulary, context)
    const of = (name: string) => values[name] as Float32Array
    const paired = (name: string): Float32Array => {
      const rows = of(name).length / dim
      const result = new Float32Array(rows * dim)
      for (let row = 0; row < rows; row++) {
        const [head, i] = [Math.floor(row / 8), row % 8]
        const to = 8 * head + (i < 4 ? 2 * i : 2 * (i - 4) + 1)
        result.set(of(name).subarray(row * dim, (row + 1) * dim), to * dim)
      }
      return result
    }
    const all = (part: string, turn = of) =>
      Array.from({ length: layers }, (_, i) => turn(`model.layers.${i}.${part}.weight`))
    const output = tied ? [] : [of('lm_head.weight')]
    const attention = [
      ...all('self_attn.q_proj', paired),
      ...all('self_attn.k_proj', paired),
      ...all('self_attn.v_proj'),
      ...all('self_attn.o_proj'),
    ]
    const feedForward = [...all('mlp.gate_proj'), ...all('mlp.down_proj'), ...all('mlp.up_proj')]
    const [before, behind] = [all('input_layernorm'), all('post_attention_layernorm')]
    const [embedding, norm] = [of('model.embed_tokens.weight'), of('model.norm.weight')]
    const joined = (...parts: { buffer: ArrayBufferLike }[]) =>
      Buffer.concat(parts.map(({ buffer }) => Buffer.from(buffer)))
    if (version === 0) {
      const angles = new Float32Array(context * 8).fill(0.5)
      const layerParts = [...before, ...attention, ...behind, ...feedForward]
      return joined(fields, embedding, ...layerParts, norm, angles, ...output)
    }
    const header = Buffer.alloc(256)
    header.writeUInt32LE(0x616b3432, 0)
    header.writeInt32LE(version, 4)
    Buffer.from(fields.buffer).copy(header, 8)
    header.writeUInt8(Number(tied), 36)
    header.writeInt32LE(GROUP, 37)
    const norms = joined(...before, ...behind, norm)
    const matrices = [embedding, ...attention, ...feedForward, ...output]
    const written = matrices.flatMap((matrix): (Float32Array | Int8Array)[] => {
      if (version === 1) return [matrix]
      const { scales, numbers } = quantized(matrix)
      return [numbers, scales]
    })
    return Buffer.concat([header, norms, joined(...written)])
  }

  function quantized(values: Float32Array) {
    const scales = new Float32Array(values.length / GROUP)
    for (const [i, x] of values.entries()) {
      const group = Math.floor(i / GROUP)
      scales[group] = Math.max(scales[group] as number, Math.abs(x) / 127)
    }
    const scaleOf = (i: number) => scales[Math.floor(i / GROUP)] as number
    const numbers = Int8Array.from(values, (x, i) => Math.round(x / scaleOf(i)))
    return { scales, numbers, values: Float32Array.from(numbers, (x, i) => x * scaleOf(i)) }
  }

  it.each([
    { tied: true, version: 0 },
    { tied: false, version: 0 },
    { tied: true, version: 1 },
    { tied: false, version: 1 },
    { tied: true, version: 2 },
    { tied: false, version: 2 },
  ])('has its weights at their places: %j', async ({ tied, version }) => {
    const stories = llamaConfig({ ...sizes, vocabSize: 400, tied })
    const values = tinyWeights(createModel(stories))
    const [source, out] = [at(`stories-${tied}-${version}.bin`), at(`stories-${tied}-${version}`)]
    await writeFile(source, llama2c(values, { tied, version }))
    await writeFile(at('tokenizer.json'), JSON.stringify(llama2File()))
    const { vocabSize } = loadTokenizer(llama2File())
    expect(vocabSize).toBeLessThanOrEqual(400)
    await importModel({ source, tokenizer: at('tokenizer.json'), out })
    const found = await modelIn(out)
    expect(found.config).toMatchObject({ ...sizes, vocabSize: 400, tied })
    expect(found.addBos).toBe(true)
    const kept = Object.entries(values).map(([name, all]) => {
      const isMatrix = !/norm/.test(name)
      return [name, version === 2 && isMatrix ? quantized(all).values : all] as const
    })
    expect(await parametersOf(out)).toEqual(plain(Object.fromEntries(kept)))
  })

  it('is refused if truncated, without its vocabulary, or of a later version', async () => {
    const bytes = await readFile(at('stories-true-0.bin'))
    const refused = async (content: Uint8Array, tokenizer: string | undefined, message: string) => {
      await writeFile(at('damaged.bin'), content)
      const options = {
        source: at('damaged.bin'),
        out: at('none'),
        ...(tokenizer && { tokenizer }),
      }
      await expect(importModel(options)).rejects.toThrow(message)
      await expect(stat(at('none'))).rejects.toThrow()
    }
    await refused(bytes.subarray(0, -4), at('tokenizer.json'), 'its header asks for')
    await refused(bytes, undefined, 'give it as the tokenizer')
    const later = Buffer.from(await readFile(at('stories-true-2.bin')))
    await refused(later.subarray(0, 200), at('tokenizer.json'), 'its header has more')
    later.writeInt32LE(3, 4)
    await refused(later, at('tokenizer.json'), 'is of version 3')
    later.writeInt32LE(2, 4)
    later.writeInt32LE(5, 37)
    await refused(later, at('tokenizer.json'), 'group_size is 5')
  })
})

describe("Hugging Face's layout", () => {
  it('is written in files of a size, which are read as one', async () => {
    const options = { model: at('model'), format: 'huggingface', shardSize: 5e-5 } as const
    await exportModel({ ...options, out: at('sharded') })
    const names = (await readdir(at('sharded'))).filter((name) => name.endsWith('.safetensors'))
    expect(names.length).toBeGreaterThan(3)
    expect(names[0]).toBe(`model-00001-of-0000${names.length}.safetensors`)
    expect(await parametersOf(at('sharded'))).toEqual(plain(weights))
    // Sharded folders are sources too.
    await importModel({ source: at('sharded'), out: at('whole') })
    const whole = (name: string) => readFile(join(at(name), 'model.safetensors'))
    expect((await whole('whole')).equals(await whole('model'))).toBe(true)
  })

  it('keeps what 16 bits can hold', async () => {
    await exportModel({ model: at('model'), format: 'huggingface', dtype: 'bf16', out: at('half') })
    const json = JSON.parse(await readFile(join(at('half'), 'config.json'), 'utf8'))
    expect(json.torch_dtype).toBe('bfloat16')
    const found = await parametersOf(at('half'))
    for (const [name, values] of Object.entries(weights)) {
      const error = values.map((x, i) => Math.abs(x - (found[name]?.[i] ?? 0)) / Math.abs(x))
      expect(Math.max(...error), name).toBeLessThanOrEqual(2 ** -8)
    }
  })
})

describe('what is made', () => {
  it('is not there at all where something fails midway', async () => {
    await mkdir(at('broken'))
    for (const name of await readdir(at('model')))
      await writeFile(join(at('broken'), name), await readFile(join(at('model'), name)))
    const path = join(at('broken'), 'model.safetensors')
    const file = await readFile(path)
    const last = file.indexOf('model.norm.weight')
    file.write('model.norn.weight', last)
    await writeFile(path, file)
    for (const [format, out] of [
      ['gguf', 'broken.gguf'],
      ['huggingface', 'broken-2'],
    ] as const) {
      const before = await readdir(folder)
      await expect(exportModel({ model: at('broken'), format, out: at(out) })).rejects.toThrow(
        'no tensor named model.norm.weight',
      )
      expect(await readdir(folder)).toEqual(before)
    }
  })

  it('never replaces what is there', async () => {
    const model = at('model')
    await expect(exportModel({ model, format: 'gguf', out: at('model.gguf') })).rejects.toThrow(
      'already exists',
    )
    await expect(exportModel({ model, format: 'huggingface', out: at('again') })).rejects.toThrow(
      'is not empty',
    )
    await mkdir(at('empty'))
    await exportModel({ model, format: 'huggingface', out: at('empty') })
    expect(await readdir(at('empty'))).toContain('model.safetensors')
  })

  it('has a type that the format knows', async () => {
    const options = { model: at('model'), format: 'huggingface', out: at('none') } as const
    await expect(exportModel({ ...options, dtype: 'q4_0' })).rejects.toThrow(
      "dtype is q4_0; a folder in Hugging Face's layout has f32, f16, bf16",
    )
  })

  it('has a source that is known', async () => {
    await writeFile(at('some.pt'), 'PK')
    for (const [source, message] of [
      ['some.pt', 'is neither a GGUF file nor a .bin of llama2.c'],
      ['nothing.gguf', 'there is no such file or folder'],
    ] as const)
      await expect(importModel({ source: at(source), out: at('none') })).rejects.toThrow(message)
  })
})
