import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { exportModel } from '../src/deploy/export-model.ts'
import { importModel } from '../src/deploy/import-model.ts'
import { generate } from '../src/generate/generate.ts'
import { load } from '../src/generate/load.ts'
import { openEngine } from '../src/runtime/open.ts'
import { decoderIn } from '../test/open-model.ts'
import { compare, logitsOf } from './compare-logits.ts'
import { quantizeFile } from './ggml.ts'
import { type Llama, loadLlama } from './llama.ts'

const MODELS = new URL('../../shared/data/models/', import.meta.url)
const path = (name: string) => fileURLToPath(new URL(name, MODELS))

const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const [first, gguf, second] = ['first', 'stories.gguf', 'second'].map((name) =>
  join(folder, name),
) as [string, string, string]
await importModel({ source: path('stories260K.bin'), tokenizer: path('tok512.bin'), out: first })
await exportModel({ model: first, format: 'gguf', out: gguf })
await importModel({ source: gguf, out: second })
const expected = await readFile(path('stories260K-greedy-200.txt'), 'utf8')

describe.each([
  ['imported from llama2.c', first],
  ["after a round trip through Hugging Face's layout and GGUF", second],
])('stories260K, %s', (_, model) => {
  it("tells the story that llama2.c's own test expects", async () => {
    const loaded = await load(model, { engine })
    const { text, tokens } = await generate(loaded, { temperature: 0, maxTokens: 200 })
    expect(text).toBe(expected)
    expect(tokens.length).toBe(200)
    await loaded.dispose()
  })
})

const found = loadLlama()
if (!found && process.env.CI === 'true') throw new Error('node-llama-cpp is not installed in peers')
const llama = found as Llama

const TEXT = 'Once upon a time, there was a little girl named Lily. She said: "Ünïcödé 你好!"'

describe.runIf(found)('llama.cpp with the exported file', async () => {
  const { tokenizer } = await decoderIn(first)
  const ids = [1, ...tokenizer.encode(TEXT)]
  const story = [1, ...tokenizer.encode(expected)]

  it('has the same tokens, log-probabilities and greedy text', async () => {
    const model = llama.open(gguf)
    expect(model.tokenize(TEXT)).toEqual(ids)
    const { difference, agreement } = compare(await logitsOf(engine, first, ids), model.logits(ids))
    expect(difference).toBeLessThan(1e-3)
    expect(agreement).toBe(1)
    const loaded = await load(second, { engine })
    const { tokens } = await generate(loaded, { temperature: 0, maxTokens: 200 })
    expect(model.greedy([1], 200)).toEqual(tokens)
    model.close()
    await loaded.dispose()
  })

  /** It rounds what it multiplies with quantized matrices to 8 bits; here they are float32. */
  const compareFile = async (file: string, read: string) => {
    await importModel({ source: file, out: read })
    const model = llama.open(file)
    const { divergence, agreement } = compare(
      await logitsOf(engine, read, story),
      model.logits(story),
    )
    model.close()
    expect(divergence).toBeLessThan(1e-3)
    return agreement
  }

  it('reads what its quantizer makes of it', async () => {
    const file = join(folder, 'Q8_0.gguf')
    quantizeFile(gguf, file, 7)
    expect(await compareFile(file, join(folder, 'Q8_0'))).toBeGreaterThanOrEqual(0.99)
  })

  it.each(['f16', 'bf16', 'q8_0', 'q4_0'] as const)('as %s it is read alike', async (dtype) => {
    const file = join(folder, `ours-${dtype}.gguf`)
    await exportModel({ model: first, format: 'gguf', dtype, out: file })
    expect(await compareFile(file, join(folder, `ours-${dtype}`))).toBeGreaterThan(0.98)
  })
})
