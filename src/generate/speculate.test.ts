import { afterAll, describe, expect, test } from 'vitest'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { tinyTokenizer } from '../../test/tiny-tokenizer.ts'
import { Decoder } from '../models/decoder.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import type { Bits } from '../models/quantize.ts'
import { openEngine } from '../runtime/open.ts'
import { DraftLength } from './draft-length.ts'
import { generate, generateAll, stream } from './generate.ts'
import { LanguageModel } from './language-model.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const open = (config: DecoderConfig, draft?: Bits) => {
  const decoder = new Decoder(config)
  const weights = { packed: tinyWeights(decoder) }
  return LanguageModel.create({
    engine,
    model: decoder,
    weights,
    tokenizer: tinyTokenizer(),
    draft,
  })
}

const WAYS = [
  { temperature: 0 },
  { temperature: 0, repetitionPenalty: 1.4, frequencyPenalty: 0.3 },
  { temperature: 1, topK: 20, topP: 0.9 },
  { temperature: 0.8, presencePenalty: 1, stop: ['e'] },
  { temperature: 0.8, slide: true },
  { temperature: 0, slide: false },
]

/** What a model writes in each way: longer than the context of 48. */
async function writeAll(config: DecoderConfig, draft?: Bits) {
  const model = await open(config, draft)
  const texts: Awaited<ReturnType<typeof generate>>[] = []
  for (const [seed, way] of WAYS.entries())
    texts.push(
      await generate(model, { prompt: 'the quick', maxTokens: 70, seed, logprobs: 1, ...way }),
    )
  await model.dispose()
  return texts
}

describe.each(Object.entries(tinyConfigs))(
  '%s: the text is that of the model alone',
  (_, config) => {
    let alone: ReturnType<typeof writeAll> | undefined
    test.each([8, 4] as const)('with a draft of %s bits', async (bits) => {
      alone ??= writeAll(config)
      const [expected, found] = [await alone, await writeAll(config, bits)]
      for (const [i, { tokens, text, finishReason, pieces }] of expected.entries()) {
        expect(found[i]?.tokens).toEqual(tokens)
        expect(found[i]?.text).toBe(text)
        expect(found[i]?.finishReason).toBe(finishReason)
        expect(found[i]?.pieces).toHaveLength(pieces.length)
        for (const [k, { logprob }] of pieces.entries())
          expect(found[i]?.pieces[k]?.logprob).toBeCloseTo(logprob as number, 4)
      }
    })
  },
)

test('several texts at once, and one that is stopped midway', async () => {
  const config = tinyConfigs.Llama as DecoderConfig
  const [alone, drafted] = [await open(config), await open(config, 8)]
  const options = { maxTokens: 12, temperature: 0 }
  const all = await generateAll(drafted, ['a', 'quick'], options)
  expect(all.map(({ tokens }) => tokens)).toEqual(
    (await generateAll(alone, ['a', 'quick'], options)).map(({ tokens }) => tokens),
  )
  const controller = new AbortController()
  const generation = stream(drafted, { ...options, prompt: 'a', signal: controller.signal })
  await generation.next()
  controller.abort()
  let step = await generation.next()
  while (!step.done) step = await generation.next()
  expect(step.value.finishReason).toBe('abort')
  await Promise.all([alone.dispose(), drafted.dispose()])
})

describe('the draft length', () => {
  const lengthsOver = (bits: Bits, steps: number, kept: (made: number) => number) => {
    const length = new DraftLength(bits)
    return Array.from({ length: steps }, () => {
      const made = length.next()
      length.record(made, kept(made))
      return made
    })
  }

  test('grows while all are accepted', () => {
    const made = lengthsOver(8, 60, (made) => made)
    expect(made[0]).toBeGreaterThan(0)
    expect(made.at(-1)).toBe(8)
  })

  test('falls to none, with a probe at times, while none is accepted', () => {
    const made = lengthsOver(8, 120, () => 0).slice(20)
    expect(Math.max(...made)).toBe(1)
    expect(made.reduce((a, b) => a + b)).toBeLessThan(6)
    expect(made.reduce((a, b) => a + b)).toBeGreaterThan(0)
  })
})
