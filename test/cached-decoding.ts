import { expect } from 'vitest'
import { generateAll } from '../src/generate/generate.ts'
import { LanguageModel } from '../src/generate/language-model.ts'
import { greedy } from '../src/generate/sampling/sampler.ts'
import { Decoder } from '../src/models/decoder.ts'
import type { DecoderConfig } from '../src/models/decoder-config.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { tinyConfigs, tinyWeights, uncachedLogits } from './tiny-decoder.ts'
import { tinyTokenizer } from './tiny-tokenizer.ts'

/** Decoders, by their names in `tinyConfigs`, whose attention differs most between engines. */
export const CACHED = ['GPT-2', 'Llama with grouped heads of 8']

/** Decoding with a cache gives the tokens that the whole text's logits give without one. */
export async function checkCachedDecoding(engine: Engine, name: string): Promise<void> {
  const decoder = new Decoder(tinyConfigs[name] as DecoderConfig)
  const packed = tinyWeights(decoder)
  const tokenizer = tinyTokenizer()
  const model = await LanguageModel.create({
    engine,
    model: decoder,
    weights: { packed },
    tokenizer,
  })
  const prompts = ['once upon a time', 'A']
  const texts = await generateAll(model, prompts, { temperature: 0, maxTokens: 10 })
  for (const [i, prompt] of prompts.entries()) {
    const tokens = texts[i]?.tokens as number[]
    const ids = [...tokenizer.encode(prompt), ...tokens]
    const twin = await uncachedLogits(engine, decoder, packed, ids)
    expect(twin.slice(prompt.length - 1, -1).map(greedy)).toEqual(tokens)
  }
  await model.dispose()
}
