import { afterAll, describe, expect, test } from 'vitest'
import { tinyWeights, uncachedLogits } from '../../test/tiny-decoder.ts'
import { tinyEncoderDecoders } from '../../test/tiny-models.ts'
import { tinyTokenizer } from '../../test/tiny-tokenizer.ts'
import { UserError } from '../errors.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import type { EncoderDecoderConfig } from '../models/encoder-decoder-config.ts'
import type { DeviceTensor } from '../runtime/engine.ts'
import { openEngine } from '../runtime/open.ts'
import { generate, generateAll } from './generate.ts'
import { LanguageModel } from './language-model.ts'
import { greedy } from './sampling/sampler.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())
const tokenizer = tinyTokenizer()

const open = async (config: EncoderDecoderConfig) => {
  const model = new EncoderDecoder(config)
  const weights = tinyWeights(model)
  const loaded = await LanguageModel.create({
    engine,
    model,
    tokenizer,
    weights: { packed: weights },
  })
  /** The likeliest token after the start token, and after each of `tokens` but the last. */
  const twin = async (sources: readonly string[], tokens: readonly number[]) => {
    const ids = [config.startId, ...tokens.slice(0, -1)]
    const read = sources.map((source) => tokenizer.encode(source))
    return (await uncachedLogits(engine, model, weights, ids, read)).map(greedy)
  }
  return { model, weights, loaded, twin }
}

describe.each(Object.entries(tinyEncoderDecoders))('%s', (_, config) => {
  test('token for token what decoding without a cache gives', async () => {
    const { loaded, twin } = await open(config)
    // Of different lengths, the shorter ones are padded, and leave when they have ended.
    const prompts = ['A', 'the quick brown', '0123 abc']
    const options = { maxTokens: 14, temperature: 0 }
    const together = await generateAll(loaded, prompts, options)
    for (const [i, prompt] of prompts.entries()) {
      const { tokens } = await generate(loaded, { prompt, ...options })
      expect(tokens).toHaveLength(14)
      expect(tokens).toEqual(await twin([prompt], tokens))
      expect(together[i]?.tokens).toEqual(tokens)
    }
    expect(new Set(together.map(({ text }) => text)).size).toBeGreaterThan(1)
    await loaded.dispose()
  })

  test('several sources are read apart and attended to together', async () => {
    const { loaded, twin } = await open(config)
    const [sources, swapped] = [
      ['abcde', '54321', 'WORDS'],
      ['abcde', '54321', 'words'],
    ]
    const options = { maxTokens: 10, temperature: 0 }
    const { tokens } = await generate(loaded, { sources, ...options })
    expect(tokens).toEqual(await twin(sources, tokens))
    const other = await generate(loaded, { sources: swapped, ...options })
    expect(other.tokens).not.toEqual(tokens)
    await loaded.dispose()
  })

  test.each([8, 4] as const)('a draft of %s bits changes nothing', async (draft) => {
    const { loaded, model, weights } = await open(config)
    const drafted = await LanguageModel.create({
      engine,
      model,
      tokenizer,
      draft,
      weights: { packed: weights },
    })
    for (const way of [{ temperature: 0 }, { temperature: 1, seed: 3 }]) {
      const options = { sources: ['abc', 'defgh'], maxTokens: 20, ...way }
      const [expected, found] = [await generate(loaded, options), await generate(drafted, options)]
      expect(found.tokens).toEqual(expected.tokens)
    }
    await Promise.all([loaded.dispose(), drafted.dispose()])
  })

  test('what is generated follows weights that change', async () => {
    const model = new EncoderDecoder(config)
    const [before, after] = [tinyWeights(model, 1), tinyWeights(model, 2)]
    const live: Record<string, DeviceTensor> = {}
    for (const [name, { shape }] of model.parameters()) live[name] = engine.tensor('float32', shape)
    const loaded = await LanguageModel.create({ engine, model, tokenizer, weights: { live } })
    for (const values of [before, after]) {
      for (const [name, tensor] of Object.entries(live)) tensor.write(values[name] as Float32Array)
      const { tokens } = await generate(loaded, { prompt: 'abc', maxTokens: 8, temperature: 0 })
      const read = [tokenizer.encode('abc')]
      const ids = [config.startId, ...tokens.slice(0, -1)]
      const logits = await uncachedLogits(engine, model, values, ids, read)
      expect(tokens).toEqual(logits.map(greedy))
    }
    await loaded.dispose()
    for (const tensor of Object.values(live)) tensor.dispose()
  })
})

test('sources and a prompt are not both given', async () => {
  const { loaded } = await open(tinyEncoderDecoders['T5 1.1'] as EncoderDecoderConfig)
  await expect(generate(loaded, { prompt: 'a', sources: ['b'] })).rejects.toThrow(UserError)
  await loaded.dispose()
})

test('texts that are written together need equally many sources', async () => {
  const { loaded } = await open(tinyEncoderDecoders['T5 1.1'] as EncoderDecoderConfig)
  const options = { maxTokens: 2, temperature: 0 }
  await expect(generateAll(loaded, [['a'], ['a', 'b']], options)).rejects.toThrow(
    'equally many sources',
  )
  await loaded.dispose()
})
