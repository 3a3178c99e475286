import { expect, test } from 'vitest'
import { collect } from '../../test/gguf.ts'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { bytesSource } from '../models/files/byte-source.ts'
import { encodeGguf } from '../models/gguf/encode.ts'
import { openGguf } from '../models/gguf/gguf.ts'
import { countParameters } from '../models/model.ts'
import { decoderGguf } from './gguf.ts'

const tinyGguf = async (name: string) => {
  const config = tinyConfigs[name] as DecoderConfig
  const decoder = new Decoder(config)
  const weights = tinyWeights(decoder)
  const file = decoderGguf(decoder, (name) => weights[name] as Float32Array)
  const gguf = await openGguf(bytesSource(await collect(encodeGguf(file))))
  return { config, weights, ...gguf }
}

test.each([
  ['GPT-2', 1 + 1 + 2 * (2 + 2 + 2 + 2 + 2 + 2) + 2],
  ['Llama', 1 + 2 * 9 + 2],
])('%s: every parameter, once', async (name, count) => {
  const { config, weights, tensors, metadata, readFloat32 } = await tinyGguf(name)
  expect(tensors.size).toBe(count)
  const sizes = [...tensors.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1))
  expect(sizes.reduce((a, b) => a + b)).toBe(countParameters(new Decoder(config)))
  expect(await readFloat32('token_embd.weight')).toEqual(weights['model.embed_tokens.weight'])
  expect(metadata.strings('tokenizer.ggml.tokens').length).toBe(config.vocabSize)
})

test("GPT-2's query, key and value are one below the other", async () => {
  const { config, weights, tensors, readFloat32 } = await tinyGguf('GPT-2')
  const joined = await readFloat32('blk.1.attn_qkv.weight')
  const key = weights['model.layers.1.self_attn.k_proj.weight'] as Float32Array
  expect(tensors.get('blk.1.attn_qkv.weight')?.shape).toEqual([3 * config.dim, config.dim])
  expect(joined.subarray(key.length, 2 * key.length)).toEqual(key)
})

test("Llama's rotary pairs are beside each other", async () => {
  const { config, weights, readFloat32 } = await tinyGguf('Llama')
  const turned = await readFloat32('blk.0.attn_k.weight')
  const key = weights['model.layers.0.self_attn.k_proj.weight'] as Float32Array
  const row = (values: Float32Array, i: number) =>
    values.subarray(i * config.dim, (i + 1) * config.dim)
  const [head, half] = [2 * config.headDim, config.headDim / 2]
  expect(row(turned, head + 6)).toEqual(row(key, head + 3))
  expect(row(turned, head + 7)).toEqual(row(key, head + half + 3))
})
