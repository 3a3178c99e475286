import { afterAll, describe, expect, test } from 'vitest'
import { openEngines } from '../../test/engines.ts'
import { tinyConfigs, tinyWeights, uncachedLogits } from '../../test/tiny-decoder.ts'
import { tinyTokenizer } from '../../test/tiny-tokenizer.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { generateAll } from './generate.ts'
import { LanguageModel } from './language-model.ts'
import { greedy } from './sampling/sampler.ts'

const engines = await openEngines()
afterAll(() => Promise.all(engines.map((engine) => engine.dispose())))

describe.each(engines)('$name', (engine) => {
  const names = ['GPT-2', 'Llama with grouped heads of 8']
  test.each(names)('%s: cached and uncached decoding agree', { timeout: 120_000 }, async (name) => {
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
  })
})
