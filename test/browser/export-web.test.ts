import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modelFiles } from '../../src/checkpoint/model-files.ts'
import { generate } from '../../src/generate/generate.ts'
import { load } from '../../src/generate/load.ts'
import { Decoder } from '../../src/models/decoder.ts'
import { llamaConfig } from '../../src/models/decoder-config.ts'
import { writeFolder } from '../../src/models/files/folder.ts'
import type { DeviceTensor } from '../../src/runtime/engine.ts'
import { trainCharTokenizer } from '../../src/text/char.ts'
import { tinyWeights } from '../tiny-decoder.ts'
import { openChromium } from './chromium.ts'
import { reachableFrom } from './reachable.ts'
import { serve } from './serve.ts'

const DIST = new URL('../../dist/', import.meta.url)
const PAGE = fileURLToPath(new URL('../../src/deploy/web/page.ts', import.meta.url))
const place = await mkdtemp(join(tmpdir(), 'chatwright-site-'))
const [folder, site] = [join(place, 'model'), join(place, 'site')]
const browser = await openChromium()

/** As it is installed: compiled, in a process of its own. */
const SCRIPT = `
const { readWritingFolder } = await import('${new URL('checkpoint/model-folder.js', DIST)}')
const { exportWeb } = await import('${new URL('deploy/web/export-web.js', DIST)}')
await exportWeb(await readWritingFolder(process.argv[1]), process.argv[2], { title: 'A <tiny> one' })
`

beforeAll(async () => {
  const tokenizer = await trainCharTokenizer(['the quick brown fox jumps over the lazy dog'])
  const sizes = { vocabSize: tokenizer.vocabSize, context: 64, layers: 2, dim: 32, heads: 4 }
  const model = new Decoder(llamaConfig(sizes))
  const weights = tinyWeights(model)
  const tensor = (name: string) => ({ read: async () => weights[name] }) as unknown as DeviceTensor
  await writeFolder(folder, modelFiles({ model, values: { tensor }, tokenizer }))
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', SCRIPT, folder, site])
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await rm(place, { recursive: true })
})

test('nothing that its page imports is a Node built-in', () => {
  expect(reachableFrom(PAGE).builtins).toEqual([])
})

test('a site has the model, what runs it, and the terms of what it copies', async () => {
  expect((await readdir(site)).sort()).toEqual(['chatwright', 'index.html', 'model', 'packages'])
  const files = await readdir(site, { recursive: true })
  expect(files).toContain('model/model.safetensors')
  expect(files).toContain('packages/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm')
  expect(files.filter((name) => name.includes('asyncify'))).toEqual([])
  for (const name of ['zod', 'protobufjs', '@huggingface/jinja', '@huggingface/tokenizers'])
    expect(files.filter((file) => file.startsWith(`packages/${name}/LICENSE`))).toHaveLength(1)
  const html = await readFile(join(site, 'index.html'), 'utf8')
  expect(html).toContain('<title>A &lt;tiny> one</title>')
  expect(html).not.toMatch(/https?:/)
})

test.runIf(browser)('a page of it writes, and asks for nothing from elsewhere', async () => {
  if (!browser) return
  const model = await load(folder, { engine: 'cpu', threads: 1 })
  const options = { prompt: 'the lazy', temperature: 0, maxTokens: 40 }
  const { text } = await generate(model, options)
  await model.dispose()
  const server = await serve(site, { isolated: false })
  const page = await browser.newPage()
  const elsewhere: string[] = []
  try {
    await page.route(
      (url) => url.origin !== server.origin && url.protocol !== 'data:',
      (route) => {
        elsewhere.push(route.request().url())
        return route.abort()
      },
    )
    await page.goto(`${server.origin}/index.html`)
    await page.waitForSelector('body[data-state=ready], body[data-state=failed]')
    expect(await page.textContent('#status')).toContain('WebAssembly, 1 thread')
    await page.fill('#prompt', options.prompt)
    await page.fill('#max-tokens', String(options.maxTokens))
    await page.fill('#temperature', '0')
    await page.click('#generate')
    await page.waitForSelector('body[data-state=ready], body[data-state=failed]')
    expect(await page.textContent('output')).toBe(options.prompt + text)
    expect(text).toHaveLength(40)
    expect(elsewhere).toEqual([])
  } finally {
    await page.close()
    server.close()
  }
})
