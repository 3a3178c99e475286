import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { exportOnnx } from '../src/deploy/onnx/export-onnx.ts'
import { openChromium, resultOf } from '../test/browser/chromium.ts'
import { serve } from '../test/browser/serve.ts'
import { orSkip } from '../test/engines.ts'
import { readStories } from './stories.ts'

const PEERS = new URL('../peers/node_modules/', import.meta.url)
const MODELS = new URL('../../shared/data/models/', import.meta.url)
const ORT = ['ort-wasm-simd-threaded.asyncify.mjs', 'ort-wasm-simd-threaded.asyncify.wasm']

/** Tells the story that begins with BOS; the default type of a page is a quantized one. */
const PAGE = `<!doctype html>
<link rel="icon" href="data:," />
<body><script type="module">
import { env, pipeline, Tensor } from './transformers.js'
Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: '/' })
env.backends.onnx.wasm.wasmPaths = { mjs: '/${ORT[0]}', wasm: '/${ORT[1]}' }
const { device, tokens } = Object.fromEntries(new URLSearchParams(location.search))
const generator = await pipeline('text-generation', 'stories', { device })
const ids = new Tensor('int64', [1n], [1, 1])
const made = await generator.model.generate({ input_ids: ids, max_new_tokens: +tokens, do_sample: false })
document.body.dataset.result = JSON.stringify(made.tolist()[0].map(Number))
</script></body>`

const place = await mkdtemp(join(tmpdir(), 'chatwright-page-'))
const browser = await openChromium()
const library = await orSkip(
  'transformers.js',
  readFile(new URL('@huggingface/transformers/dist/transformers.min.js', PEERS)),
)
afterAll(async () => {
  await browser?.close()
  await rm(place, { recursive: true })
})

// Where there is no GPU, WebGPU is slow.
test.skipIf(!browser || !library).for([
  ['wasm', 200],
  ['webgpu', 30],
] as const)(
  'transformers.js in Chromium, on %s, tells the story of a trained Llama',
  async ([device, tokens]) => {
    if (!browser || !library) return
    const expected = await readFile(new URL('stories260K-greedy-200.txt', MODELS), 'utf8')
    const stories = await readStories()
    const folder = join(place, device)
    await mkdir(folder)
    await exportOnnx(stories, join(folder, 'stories'))
    await writeFile(join(folder, 'transformers.js'), library)
    await writeFile(join(folder, 'index.html'), PAGE)
    for (const name of ORT)
      await copyFile(new URL(`onnxruntime-web/dist/${name}`, PEERS), join(folder, name))
    const site = await serve(folder, { isolated: true })
    try {
      const url = `${site.origin}/index.html?device=${device}&tokens=${tokens}`
      const ids = await resultOf<number[]>(browser, url)
      expect(ids.length).toBe(tokens + 1)
      const text = stories.tokenizer.decode(ids)
      expect(text).toBe(tokens === 200 ? expected : expected.slice(0, text.length))
    } finally {
      site.close()
    }
  },
)
