import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { exportOnnx } from '../src/deploy/onnx/export-onnx.ts'
import { generate } from '../src/generate/generate.ts'
import { LanguageModel } from '../src/generate/language-model.ts'
import { EncoderDecoder } from '../src/models/encoder-decoder.ts'
import { t5Config } from '../src/models/encoder-decoder-config.ts'
import { openEngine } from '../src/runtime/open.ts'
import { loadTokenizer } from '../src/text/load.ts'
import { openChromium, resultOf } from '../test/browser/chromium.ts'
import { serve } from '../test/browser/serve.ts'
import { orSkip } from '../test/engines.ts'
import { openModelOf } from '../test/open-model.ts'
import { tinyWeights } from '../test/tiny-decoder.ts'
import { t5File } from '../test/tokenizer-files.ts'
import { readStories } from './stories.ts'

const PEERS = new URL('../peers/node_modules/', import.meta.url)
const MODELS = new URL('../../shared/data/models/', import.meta.url)
const ORT = ['ort-wasm-simd-threaded.asyncify.mjs', 'ort-wasm-simd-threaded.asyncify.wasm']

/**
 * Each asks for what the page's address says: no `dtype`, though a page's default is a quantized
 * one.
 */
const page = (body: string): string => `<!doctype html>
<link rel="icon" href="data:," />
<body><script type="module">
import { env, pipeline, Tensor } from './transformers.js'
Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: '/' })
env.backends.onnx.wasm.wasmPaths = { mjs: '/${ORT[0]}', wasm: '/${ORT[1]}' }
const { device, tokens } = Object.fromEntries(new URLSearchParams(location.search))
const options = { max_new_tokens: +tokens, do_sample: false }
${body}
document.body.dataset.result = JSON.stringify(result)
</script></body>`

const STORY = page(`
const generator = await pipeline('text-generation', 'stories', { device })
const ids = new Tensor('int64', [1n], [1, 1])
const made = await generator.model.generate({ input_ids: ids, ...options })
const result = made.tolist()[0].map(Number)
`)
const ANSWER = page(`
const writer = await pipeline('text2text-generation', 't5', { device })
const result = (await writer('the cat playing', options))[0].generated_text
`)

const place = await mkdtemp(join(tmpdir(), 'chatwright-page-'))
const browser = await openChromium()
const library = await orSkip(
  'transformers.js',
  readFile(new URL('@huggingface/transformers/dist/transformers.min.js', PEERS)),
)
const check = test.skipIf(!browser || !library)
const site = await serve(place, { isolated: true })
if (library) {
  await writeFile(join(place, 'transformers.js'), library)
  for (const name of ORT)
    await copyFile(new URL(`onnxruntime-web/dist/${name}`, PEERS), join(place, name))
}
afterAll(async () => {
  await browser?.close()
  site.close()
  await rm(place, { recursive: true })
})

async function inPage<T>(html: string, device: string, tokens: number): Promise<T> {
  if (!browser) throw new Error('there is no browser')
  await writeFile(join(place, 'index.html'), html)
  return resultOf(browser, `${site.origin}/index.html?device=${device}&tokens=${tokens}`)
}

check('in Chromium, transformers.js tells the story of a trained Llama', async () => {
  const expected = await readFile(new URL('stories260K-greedy-200.txt', MODELS), 'utf8')
  const stories = await readStories()
  const { tokenizer } = stories
  await exportOnnx(stories, join(place, 'stories'))
  expect(tokenizer.decode(await inPage<number[]>(STORY, 'wasm', 200))).toBe(expected)
  // Without a GPU it takes its time.
  const ids = await inPage<number[]>(STORY, 'webgpu', 30)
  expect(ids).toHaveLength(31)
  const text = tokenizer.decode(ids)
  expect(text).toBe(expected.slice(0, text.length))
})

check('in Chromium, transformers.js answers as T5', async () => {
  const tokenizer = loadTokenizer(t5File())
  const sizes = { context: 64, layers: 2, dim: 32, heads: 4, headDim: 8 }
  const model = new EncoderDecoder(t5Config({ ...sizes, vocabSize: tokenizer.vocabSize }))
  const weights = tinyWeights(model)
  const engine = await openEngine({ engine: 'cpu', threads: 1 })
  const ours = await LanguageModel.create({
    engine,
    model,
    weights: { packed: weights },
    tokenizer,
  })
  const options = { prompt: 'the cat playing', temperature: 0, maxTokens: 12 }
  const { text } = await generate(ours, options)
  await engine.dispose()
  expect(text.length).toBeGreaterThan(8)
  await exportOnnx(openModelOf(model.config, weights, tokenizer), join(place, 't5'))
  for (const device of ['wasm', 'webgpu'])
    expect(await inPage<string>(ANSWER, device, 12), device).toBe(text)
})
