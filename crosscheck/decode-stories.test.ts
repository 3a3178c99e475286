import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { importModel } from '../src/deploy/import-model.ts'
import { generate, generateAll } from '../src/generate/generate.ts'
import { load } from '../src/generate/load.ts'
import { openEngine } from '../src/runtime/open.ts'

const MODELS = new URL('../../shared/data/models/', import.meta.url)

const engine = await openEngine({ engine: 'cpu', threads: 2 })
const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const path = (name: string) => fileURLToPath(new URL(name, MODELS))
const out = join(folder, 'stories')
await importModel({ source: path('stories260K.bin'), tokenizer: path('tok512.bin'), out })
const open = () => load(out, { engine })

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
