import { readFile } from 'node:fs/promises'
import { afterAll, expect, it } from 'vitest'
import { generate, generateAll } from '../src/generate/generate.ts'
import { LanguageModel } from '../src/generate/language-model.ts'
import { openEngine } from '../src/runtime/open.ts'
import { readLlama2c, readLlama2cTokenizer } from './llama2c.ts'

const MODELS = new URL('../../shared/data/models/', import.meta.url)

const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(() => engine.dispose())

const open = async () => {
  const { decoder, weights } = await readLlama2c(new URL('stories260K.bin', MODELS))
  const tokenizer = await readLlama2cTokenizer(new URL('tok512.bin', MODELS))
  return LanguageModel.create({ engine, model: decoder, weights: { packed: weights }, tokenizer })
}

it("tells the story that llama2.c's own test expects of its pretrained model", async () => {
  const expected = await readFile(new URL('stories260K-greedy-200.txt', MODELS), 'utf8')
  const model = await open()
  const { text, tokens } = await generate(model, { temperature: 0, maxTokens: 200 })
  expect(text).toBe(expected)
  expect(tokens.length).toBe(200)
  const three = await generateAll(model, ['', '', ''], { temperature: 0, maxTokens: 200 })
  expect(three.map((story) => story.text)).toEqual([text, text, text])
  await model.dispose()
})

it('samples what the model finds likely', async () => {
  const model = await open()
  const meanLogprob = async (options: object) => {
    const stories = await generateAll(model, new Array(8).fill(''), {
      maxTokens: 100,
      logprobs: 0,
      seed: 1,
      ...options,
    })
    const all = stories.flatMap(({ pieces }) => pieces.map(({ logprob }) => logprob as number))
    return all.reduce((a, b) => a + b) / all.length
  }
  const free = await meanLogprob({})
  expect(await meanLogprob({ temperature: 3 })).toBeLessThan(free - 1)
  expect(await meanLogprob({ topP: 0.5 })).toBeGreaterThan(free + 0.3)
  expect(await meanLogprob({ topK: 3 })).toBeGreaterThan(free + 0.2)
  expect(await meanLogprob({ minP: 0.3 })).toBeGreaterThan(free + 0.3)
  await model.dispose()
})
