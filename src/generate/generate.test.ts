import { afterAll, describe, expect, test, vi } from 'vitest'
import { growth } from '../../test/memory.ts'
import { tinyConfigs, tinyWeights, uncachedLogits } from '../../test/tiny-decoder.ts'
import { tinyTokenizer } from '../../test/tiny-tokenizer.ts'
import { llama2File } from '../../test/tokenizer-files.ts'
import { UserError } from '../errors.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { openEngine } from '../runtime/open.ts'
import { loadTokenizer } from '../text/load.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { Decoding } from './decoding.ts'
import { generate, generateAll, stream } from './generate.ts'
import { generateBeams } from './generate-beams.ts'
import { LanguageModel } from './language-model.ts'
import type { GenerateOptions } from './options.ts'
import { greedy } from './sampling/sampler.ts'
import type { Piece } from './sequence.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const llama = tinyConfigs['Llama with grouped heads of 8'] as DecoderConfig

const open = (config = llama, tokenizer: Tokenizer = tinyTokenizer(), generation = {}) => {
  const decoder = new Decoder(config)
  const weights = { packed: tinyWeights(decoder) }
  return LanguageModel.create({ engine, model: decoder, weights, tokenizer, generation })
}

/**
 * The likeliest token each time, by the whole sequence without a cache: by the logits of all its
 * tokens, if `tokens` follow the prompt.
 */
async function greedyTwin(config: DecoderConfig, prompt: string, tokens: readonly number[]) {
  const decoder = new Decoder(config)
  const ids = [...tinyTokenizer().encode(prompt), ...tokens]
  const logits = await uncachedLogits(engine, decoder, tinyWeights(decoder), ids)
  return logits.slice(prompt.length - 1, -1).map(greedy)
}

const logSoftmax = (logits: Float32Array): number[] => {
  const total = logits.reduce((sum, x) => sum + Math.exp(x), 0)
  return Array.from(logits, (x) => x - Math.log(total))
}

describe.each(Object.entries(tinyConfigs))('%s', (_, config) => {
  test('token for token what decoding without a cache gives', async () => {
    const model = await open(config)
    const prompts = ['A', 'the quick', '01234567 abc DEF ghi']
    const options = { maxTokens: 20, temperature: 0 }
    const together = await generateAll(model, prompts, options)
    for (const [i, prompt] of prompts.entries()) {
      const { text, tokens, finishReason } = await generate(model, { prompt, ...options })
      expect(tokens).toEqual(await greedyTwin(config, prompt, tokens))
      expect(text).toBe(model.tokenizer.decode(tokens))
      expect(finishReason).toBe('length')
      expect(together[i]).toMatchObject({ text, tokens, promptTokens: prompt.length })
    }
    expect(new Set(together.flatMap(({ tokens }) => tokens)).size).toBeGreaterThan(2)
    await model.dispose()
  })
})

test('pieces make up the text, and log-probabilities are those of the whole sequence', async () => {
  const model = await open()
  const options = { prompt: 'Hello', maxTokens: 6, temperature: 0.7, seed: 3, logprobs: 2 }
  const pieces: Piece[] = []
  for await (const piece of stream(model, options)) pieces.push(piece)
  const whole = await generate(model, options)
  expect(whole.pieces).toEqual(pieces)
  expect(pieces.map(({ text }) => text).join('')).toBe(whole.text)
  const ids = [...model.tokenizer.encode('Hello'), ...whole.tokens]
  const twin = await uncachedLogits(
    engine,
    model.model as Decoder,
    tinyWeights(model.model as Decoder),
    ids,
  )
  for (const [i, { token, logprob, top }] of pieces.entries()) {
    const expected = logSoftmax(twin[4 + i] as Float32Array)
    expect(logprob).toBeCloseTo(expected[token] as number, 4)
    const [best, second] = expected.toSorted((a, b) => b - a) as [number, number]
    expect(top?.map((choice) => choice.logprob)).toEqual([
      expect.closeTo(best, 4),
      expect.closeTo(second, 4),
    ])
    expect(top?.[0]?.text).toBe(model.tokenizer.decode([expected.indexOf(best)]))
  }
  await model.dispose()
})

test('the seed decides; in a batch each text has the seed that it would have alone', async () => {
  const model = await open()
  const options = { maxTokens: 20, temperature: 1.5 }
  const prompts = ['abc', 'abc', 'bcd', 'abc']
  const read = vi.spyOn(Decoding.prototype, 'read')
  const batch = await generateAll(model, prompts, { ...options, seed: 10 })
  // Equal prompts are read once.
  expect(read.mock.calls.map(([row]) => row)).toEqual([0, 2])
  read.mockRestore()
  for (const [i, prompt] of prompts.entries()) {
    const alone = await generate(model, { ...options, prompt, seed: 10 + i })
    expect(alone.text).toBe(batch[i]?.text)
  }
  expect(batch[0]?.text).not.toBe(batch[1]?.text)
  const unseeded = await generate(model, { ...options, prompt: 'a' })
  const again = await generate(model, { ...options, prompt: 'a', seed: unseeded.seed })
  expect(again.text).toBe(unseeded.text)
  await model.dispose()
})

test('what is generated begins with the blank that a token has after the prompt', async () => {
  const tokenizer = loadTokenizer(llama2File())
  const config = { ...llama, vocabSize: tokenizer.vocabSize }
  const cat = tokenizer.encode('cat')
  expect(tokenizer.decode(cat)).toBe('cat')
  const model = await open(config, tokenizer)
  const options = { temperature: 0, logitBias: { [cat[0] as number]: 1e6 }, logprobs: 1 }
  const { text } = await generate(model, { ...options, prompt: 'the', maxTokens: 2 })
  expect(text).toBe(' cat cat')
  for await (const piece of stream(model, { ...options, prompt: 'the', maxTokens: 1 }))
    expect(piece.text).toBe(' cat')
  const stopped = await generate(model, { ...options, prompt: 'the', maxTokens: 9, stop: [' cat'] })
  expect(stopped).toMatchObject({ text: '', finishReason: 'stop', tokens: cat })
  const [best] = await generateBeams(model, { prompt: 'the', maxTokens: 1, beams: 2 })
  const [token] = best?.tokens ?? []
  expect(best?.text).toBe(tokenizer.decoder(tokenizer.encode('the')).push(token as number))
  await model.dispose()
})

describe('a text ends', () => {
  const greedily = { prompt: 'abc', temperature: 0 }

  test('before a stop string', async () => {
    const model = await open()
    const free = await generate(model, { ...greedily, maxTokens: 20 })
    const stop = free.text.slice(7, 10)
    expect(free.text.indexOf(stop)).toBe(7)
    const stopped = await generate(model, { ...greedily, maxTokens: 20, stop: ['@@', stop] })
    expect(stopped).toMatchObject({ text: free.text.slice(0, 7), finishReason: 'stop' })
    expect(stopped.tokens).toEqual(free.tokens.slice(0, 10))
    await model.dispose()
  })

  test('at a token that ends documents, or one that the model names', async () => {
    const free = await generate(await open(), { ...greedily, maxTokens: 20 })
    const end = free.tokens[6] as number
    const before = free.tokens.indexOf(end)
    const tokenizers = [tinyTokenizer({ eosId: end }), tinyTokenizer()]
    for (const [i, tokenizer] of tokenizers.entries()) {
      const model = await open(llama, tokenizer, i === 0 ? {} : { eos_token_id: [60, end] })
      const ended = await generate(model, { ...greedily, maxTokens: 20 })
      expect(ended.tokens).toEqual(free.tokens.slice(0, before + 1))
      expect(ended).toMatchObject({ text: free.text.slice(0, before), finishReason: 'stop' })
      await model.dispose()
    }
  })

  test('where the context is full, unless more is asked for: then it slides', async () => {
    const model = await open()
    const full = await generate(model, greedily)
    expect(full).toMatchObject({ finishReason: 'length' })
    expect(full.tokens.length).toBe(llama.context - 3 + 1)
    const kept = await generate(model, { ...greedily, maxTokens: 100, slide: false })
    expect(kept.tokens).toEqual(full.tokens)
    // The last token is predicted from all that the context holds.
    expect(full.tokens).toEqual(await greedyTwin(llama, 'abc', full.tokens))
    const slid = await generate(model, { ...greedily, maxTokens: 50 })
    expect(slid.tokens.slice(0, full.tokens.length)).toEqual(full.tokens)
    expect(slid.tokens.length).toBe(50)
    // One more token fits; then the last 24 tokens are read anew, from the first position.
    const ids = [...model.tokenizer.encode('abc'), ...slid.tokens]
    const weights = tinyWeights(model.model as Decoder)
    const twin = await uncachedLogits(engine, model.model as Decoder, weights, ids.slice(49 - 24))
    expect(twin.slice(23, -1).map(greedy)).toEqual(ids.slice(49))
    await model.dispose()
  })

  test('when it is aborted, with what there is', async () => {
    const model = await open()
    const free = await generate(model, greedily)
    const controller = new AbortController()
    const pieces: Piece[] = []
    const streaming = stream(model, { ...greedily, signal: controller.signal })
    let next = await streaming.next()
    for (; !next.done; next = await streaming.next()) {
      pieces.push(next.value)
      if (pieces.length === 5) controller.abort()
    }
    expect(next.value).toMatchObject({ finishReason: 'abort', text: free.text.slice(0, 5) })
    expect(pieces.length).toBe(5)
    const never = await generate(model, { ...greedily, signal: AbortSignal.abort() })
    expect(never).toMatchObject({ finishReason: 'abort', text: '', tokens: [], tokensPerSecond: 0 })
    await model.dispose()
  })
})

test("a model's own defaults hold where nothing else is asked for", async () => {
  const model = await open(llama, tinyTokenizer(), { do_sample: false, max_new_tokens: 7 })
  const { text, tokens } = await generate(model, { prompt: 'abc' })
  expect(tokens.length).toBe(7)
  expect(tokens).toEqual(await greedyTwin(llama, 'abc', tokens))
  const sampled = await generate(model, { prompt: 'abc', temperature: 9, seed: 1 })
  expect(sampled.text).not.toBe(text)
  await expect(open(llama, tinyTokenizer(), { top_k: 'few' })).rejects.toThrow(
    'generation_config.json: top_k is "few": ',
  )
  await model.dispose()
})

test('an empty prompt starts from BOS, or EOS, or a new line', async () => {
  const model = await open()
  const { tokens } = await generate(model, { prompt: 'k', temperature: 0, maxTokens: 5 })
  expect(new Set(tokens).size).toBeGreaterThan(1)
  await model.dispose()
  const start = async (tokenizer: Tokenizer) => {
    const model = await open(llama, tokenizer)
    const { promptTokens, ...started } = await generate(model, { temperature: 0, maxTokens: 5 })
    expect(promptTokens).toBe(1)
    await model.dispose()
    return started.tokens
  }
  expect(await start(tinyTokenizer({ bosId: 10, eosId: 60 }))).toEqual(tokens)
  expect(await start(tinyTokenizer({ eosId: 10 }))).toEqual(tokens)
  const newline = { ...tinyTokenizer(), encode: (text: string) => (text === '\n' ? [10] : []) }
  expect(await start(newline)).toEqual(tokens)
  // Where there is none of these, any token does.
  expect(await start({ ...tinyTokenizer(), encode: () => [] })).toHaveLength(5)
})

test('rows of a padded vocabulary are never drawn', async () => {
  const model = await open(llama, tinyTokenizer({ vocabSize: 5 }))
  const { tokens } = await generate(model, { prompt: 'a', maxTokens: 40, temperature: 5 })
  expect(Math.max(...tokens)).toBeLessThan(5)
  await model.dispose()
})

test('what cannot be is refused with advice', async () => {
  const model = await open()
  const refused = async (options: object) => {
    const error: unknown = await generate(model, options).catch((reason) => reason)
    expect(error).toBeInstanceOf(UserError)
    return (error as Error).message
  }
  const last = await generate(model, { prompt: 'a'.repeat(48), temperature: 0 })
  expect(last.tokens).toEqual(await greedyTwin(llama, 'a'.repeat(48), last.tokens))
  expect(last.tokens).toHaveLength(1)
  expect(await refused({ prompt: 'a'.repeat(49) })).toBe(
    "the prompt has 49 tokens, but the model's context is 48; shorten it",
  )
  expect(await refused({ temperature: -1 })).toContain('temperature: ')
  expect(await refused({ topP: 0 })).toContain('topP: ')
  expect(await refused({ maxTokens: 1.5 })).toContain('maxTokens: ')
  expect(await refused({ prompt: 'a', logitBias: { 61: 1 } })).toBe(
    'logitBias: there is no token 61; ids end at 60',
  )
  expect(await refused({ maxLength: 3 })).toContain('maxLength')
  await model.dispose()
})

test('several generations of one model at once do not disturb each other', async () => {
  const model = await open()
  const options = { temperature: 0, maxTokens: 25 }
  const prompts = ['a', 'hello', 'xyzzy', 'Q7']
  const alone: string[] = []
  for (const prompt of prompts) alone.push((await generate(model, { prompt, ...options })).text)
  const all = await Promise.all(prompts.map((prompt) => generate(model, { prompt, ...options })))
  expect(all.map(({ text }) => text)).toEqual(alone)
  await model.dispose()
})

test('a stream that is left early leaves nothing behind', async () => {
  const model = await open()
  for (let i = 0; i < 3; i++)
    for await (const { token } of stream(model, { prompt: 'abc' })) if (token >= 0) break
  const { tokens } = await generate(model, { prompt: 'abc', maxTokens: 5 })
  expect(tokens.length).toBe(5)
  await model.dispose()
})

test('memory stays flat', async () => {
  const steps = process.env.CHECK_LONG ? 10_000 : 500
  const model = await open()
  const grown = await growth(async () => {
    const options = { prompt: 'abc', maxTokens: steps / 2, topP: 0.9, logprobs: 1 }
    await generateAll(model, ['abc', 'a'], options)
    for (let i = 0; i < steps / 40; i++) await generate(model, { prompt: 'abc', maxTokens: 20 })
  })
  expect(grown).toBeLessThan(4)
  await model.dispose()
}, 600_000)

describe('numbers at the ends of their ranges', () => {
  const lengths = { prompt: 'the cat', maxTokens: 3, seed: 1 }

  test.each<Partial<GenerateOptions>>([
    { temperature: 1e-38 },
    { temperature: 1e300 },
    { topP: 1e-300 },
    { minP: 1e-300 },
    { repetitionPenalty: 0.01 },
    { repetitionPenalty: 100 },
    { logitBias: { 5: 1e9 } },
    { logitBias: { 5: -1e9 } },
  ])('%o generates', async (options) => {
    const model = await open()
    expect((await generate(model, { ...lengths, ...options })).tokens).toHaveLength(3)
    await model.dispose()
  })

  test.each<[Partial<GenerateOptions>, RegExp]>([
    [{ repetitionPenalty: 1e-40 }, /repetitionPenalty: .*0\.01/],
    [{ repetitionPenalty: 1e39 }, /repetitionPenalty: .*100/],
    [{ logitBias: { 5: 1e39 } }, /logitBias\.5: .*1000000000/],
    [{ temperature: -1e-45 }, /temperature/],
  ])('%o is refused', async (options, message) => {
    const model = await open()
    const made = generate(model, { ...lengths, ...options })
    await expect(made).rejects.toThrow(UserError)
    await expect(made).rejects.toThrow(message)
    await model.dispose()
  })
})
