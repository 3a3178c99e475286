import { expect, test } from 'vitest'
import { bytesSource } from '../src/files/byte-source.ts'
import { encodeGguf } from '../src/formats/gguf/encode.ts'
import { openGguf } from '../src/formats/gguf/gguf.ts'
import { Decoder } from '../src/models/decoder.ts'
import type { DecoderConfig } from '../src/models/decoder-config.ts'
import { countParameters } from '../src/models/model.ts'
import { collect } from '../test/gguf.ts'
import { tinyConfigs, tinyWeights } from '../test/tiny-decoder.ts'
import { decoderGguf } from './gguf.ts'

test.each([
  ['GPT-2', 1 + 1 + 2 * (2 + 2 + 2 + 2 + 2 + 2) + 2],
  ['Llama', 1 + 2 * 9 + 2],
])('%s: every parameter, once, and a vocabulary of its size', async (name, count) => {
  const config = tinyConfigs[name] as DecoderConfig
  const decoder = new Decoder(config)
  const weights = tinyWeights(decoder)
  const file = decoderGguf(decoder, (name) => weights[name] as Float32Array)
  const gguf = await openGguf(bytesSource(await collect(encodeGguf(file))))
  expect(gguf.tensors.size).toBe(count)
  const sizes = [...gguf.tensors.values()].map(({ shape }) => shape.reduce((a, b) => a * b, 1))
  expect(sizes.reduce((a, b) => a + b)).toBe(countParameters(decoder))
  expect(await gguf.readFloat32('token_embd.weight')).toEqual(weights['model.embed_tokens.weight'])
  const tokens = gguf.metadata.strings('tokenizer.ggml.tokens')
  expect([tokens.length, tokens[0], tokens[13]]).toEqual([config.vocabSize, '<unk>', '<0x0A>'])
})
