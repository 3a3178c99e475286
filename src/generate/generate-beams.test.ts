import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tinyConfigs, tinyWeights, uncachedLogits } from '../../test/tiny-decoder.ts'
import { tinyEncoderDecoders } from '../../test/tiny-models.ts'
import { tinyTokenizer } from '../../test/tiny-tokenizer.ts'
import { createModel, type WritingModel } from '../models/model.ts'
import { openEngine } from '../runtime/open.ts'
import { generate } from './generate.ts'
import { generateBeams } from './generate-beams.ts'
import { LanguageModel } from './language-model.ts'
import { logProbabilities } from './sampling/log-probabilities.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const VOCABULARY = 5
const END = 4
const STEPS = 3
const tokenizer = tinyTokenizer({ vocabSize: VOCABULARY, eosId: END })

const configs = {
  decoder: { ...tinyConfigs['Llama with grouped heads of 8'], vocabSize: VOCABULARY },
  'encoder-decoder': {
    ...tinyEncoderDecoders['T5 1.1'],
    startId: 0,
    padId: 0,
    encoder: { ...tinyEncoderDecoders['T5 1.1']?.encoder, vocabSize: VOCABULARY },
    decoder: { ...tinyEncoderDecoders['T5 1.1']?.decoder, vocabSize: VOCABULARY },
  },
}

interface Text {
  tokens: number[]
  logprob: number
}

describe.each(Object.entries(configs))('%s', (kind, config) => {
  let loaded: LanguageModel
  /** Every text of up to `STEPS` tokens that ends there or with the end token. */
  let every: Text[]
  const prompt = 'ab'

  beforeAll(async () => {
    const model = createModel(config as WritingModel['config']) as WritingModel
    const weights = tinyWeights(model, 3)
    loaded = await LanguageModel.create({
      engine,
      model,
      tokenizer,
      weights: { packed: weights },
    })
    const ids = tokenizer.encode(prompt)
    const [start, sources] = kind === 'decoder' ? [ids, undefined] : [[0], [ids]]
    const extend = async (text: Text): Promise<Text[]> => {
      if (text.tokens.length === STEPS || text.tokens.at(-1) === END) return [text]
      const logits = await uncachedLogits(
        ...([engine, model, weights, [...start, ...text.tokens], sources] as const),
      )
      const { of } = logProbabilities(logits.at(-1) as Float32Array)
      const longer = Array.from({ length: VOCABULARY }, (_, token) =>
        extend({ tokens: [...text.tokens, token], logprob: text.logprob + of(token) }),
      )
      return (await Promise.all(longer)).flat()
    }
    every = await extend({ tokens: [], logprob: 0 })
  })
  afterAll(() => loaded.dispose())

  test.each([0, 1, 2, -1])('wide enough, it finds the best of all texts: penalty %d', async (p) => {
    const found = await generateBeams(loaded, {
      prompt,
      beams: 64,
      nBest: 12,
      lengthPenalty: p,
      maxTokens: STEPS,
    })
    const score = ({ tokens, logprob }: Text) => logprob / tokens.length ** p
    const best = [...every].sort((a, b) => score(b) - score(a)).slice(0, 12)
    expect(found.map(({ tokens }) => tokens)).toEqual(best.map(({ tokens }) => tokens))
    for (const [i, one] of found.entries()) {
      expect(one.logprob).toBeCloseTo(best[i]?.logprob ?? 0, 4)
      expect(one.score).toBeCloseTo(score(best[i] as Text), 4)
      expect(one.text).toBe(tokenizer.decode(one.tokens.filter((token) => token !== END)))
    }
  })

  test('narrow, its texts are valid, the best first, and better than the greedy one', async () => {
    const found = await generateBeams(loaded, {
      prompt,
      beams: 3,
      nBest: 3,
      lengthPenalty: 0,
      maxTokens: STEPS,
    })
    const known = new Map(every.map(({ tokens, logprob }) => [tokens.join(), logprob]))
    for (const { tokens, logprob } of found)
      expect(known.get(tokens.join())).toBeCloseTo(logprob, 4)
    const scores = found.map(({ score }) => score)
    expect(scores).toEqual([...scores].sort((a, b) => b - a))
    const { tokens } = await generate(loaded, { prompt, temperature: 0, maxTokens: STEPS })
    const ofGreedy = known.get(tokens.join()) ?? known.get([...tokens, END].join())
    expect(scores[0]).toBeGreaterThanOrEqual((ofGreedy as number) - 1e-4)
  })

  test('one beam is the greedy text', async () => {
    const [only] = await generateBeams(loaded, { prompt, beams: 1, maxTokens: STEPS })
    const { text } = await generate(loaded, { prompt, temperature: 0, maxTokens: STEPS })
    expect(only?.text).toBe(text)
  })

  test('stopping early gives texts that have ended, and no better ones', async () => {
    const options = { prompt, beams: 2, nBest: 2, lengthPenalty: 0, maxTokens: 12 }
    const early = await generateBeams(loaded, { ...options, earlyStopping: true })
    const late = await generateBeams(loaded, options)
    expect(early.length).toBe(2)
    expect(late[0]?.score).toBeGreaterThanOrEqual((early[0]?.score as number) - 1e-6)
    expect(Math.max(...early.map(({ tokens }) => tokens.length))).toBeLessThanOrEqual(
      Math.max(...late.map(({ tokens }) => tokens.length)),
    )
  })

  test('more texts than beams, and a prompt that leaves no room, are refused', async () => {
    await expect(generateBeams(loaded, { prompt, beams: 2, nBest: 3 })).rejects.toThrow(
      'nBest is 3, but only 2 beams are followed',
    )
    if (kind === 'decoder')
      await expect(generateBeams(loaded, { prompt: 'ab'.repeat(30) })).rejects.toThrow('shorten it')
  })
})

test('with several tokens that end a text, what is left is still followed rightly', async () => {
  const config = { ...tinyConfigs['Llama with grouped heads of 8'], vocabSize: 8 }
  const model = createModel(config as WritingModel['config']) as WritingModel
  for (const seed of [1, 2, 3, 4]) {
    const weights = tinyWeights(model, seed)
    const loaded = await LanguageModel.create({
      engine,
      model,
      tokenizer: tinyTokenizer({ vocabSize: 8 }),
      weights: { packed: weights },
      generation: { eos_token_id: [4, 5, 6, 7] },
    })
    const options = { prompt: 'ab', beams: 4, nBest: 4, lengthPenalty: 0.5, maxTokens: 6 }
    for (const { tokens, logprob } of await generateBeams(loaded, options)) {
      const ids = [...tinyTokenizer().encode('ab'), ...tokens]
      const logits = await uncachedLogits(engine, model, weights, ids)
      const each = tokens.map((token, i) =>
        logProbabilities(logits[i + 1] as Float32Array).of(token),
      )
      expect(logprob).toBeCloseTo(
        each.reduce((a, b) => a + b, 0),
        3,
      )
    }
    await loaded.dispose()
  }
})

test.each(Object.entries(configs))(
  '%s: beams end one token behind a full context',
  async (kind, config) => {
    const model = createModel(config as WritingModel['config']) as WritingModel
    const weights = { packed: tinyWeights(model, 3) }
    const unending = tinyTokenizer({ vocabSize: VOCABULARY })
    const loaded = await LanguageModel.create({ engine, model, tokenizer: unending, weights })
    const room = kind === 'decoder' ? loaded.context - 2 + 1 : loaded.context
    const [best] = await generateBeams(loaded, { prompt: 'ab', beams: 2 })
    expect(best?.tokens).toHaveLength(room)
    const [only] = await generateBeams(loaded, { prompt: 'ab', beams: 1 })
    const greedy = await generate(loaded, { prompt: 'ab', temperature: 0 })
    expect(greedy.tokens).toHaveLength(room)
    expect(only?.tokens).toEqual(greedy.tokens)
    await loaded.dispose()
  },
)
