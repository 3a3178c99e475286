import { expect, test } from 'vitest'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { countParameters } from '../models/model.ts'
import { encodeGguf } from './gguf.ts'

test.each(['GPT-2', 'Llama'])('%s: a header, then every parameter, aligned', (name) => {
  const config = tinyConfigs[name] as DecoderConfig
  const decoder = new Decoder(config)
  const weights = tinyWeights(decoder)
  const pieces = [...encodeGguf(decoder, (name) => weights[name] as Float32Array)]
  const file = Buffer.concat(pieces)
  expect(file.subarray(0, 4).toString()).toBe('GGUF')
  expect(file.readUInt32LE(4)).toBe(3)
  const stored = name === 'GPT-2' ? [1 + 1 + 2 * (2 + 2 + 2 + 2 + 2 + 2) + 2] : [1 + 2 * 9 + 2]
  expect([Number(file.readBigUInt64LE(8))]).toEqual(stored)
  expect(file.length % 32).toBe(0)
  const embedding = weights['model.embed_tokens.weight'] as Float32Array
  const at = file.indexOf(Buffer.from(embedding.buffer, 0, 64))
  expect(at % 32).toBe(0)
  expect(file.length - at).toBeGreaterThanOrEqual(4 * countParameters(new Decoder(config)))
  expect(file.length - at).toBeLessThan(4 * countParameters(new Decoder(config)) + 32 * 60)
})
