import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeFolder } from '../../src/files/folder.ts'
import { modelFiles } from '../../src/formats/huggingface/model-files.ts'
import { chat } from '../../src/generate/chat.ts'
import { generate } from '../../src/generate/generate.ts'
import { load } from '../../src/generate/load.ts'
import { Decoder } from '../../src/models/decoder.ts'
import { llamaConfig } from '../../src/models/decoder-config.ts'
import type { DeviceTensor } from '../../src/runtime/engine.ts'
import { trainCharTokenizer } from '../../src/text/char.ts'
import type { ChatMessage } from '../../src/text/chat-template.ts'
import { tinyWeights } from '../tiny-decoder.ts'
import { openChromium } from './chromium.ts'
import { serve } from './serve.ts'

const DIST = new URL('../../dist/', import.meta.url)
const place = await mkdtemp(join(tmpdir(), 'chatwright-site-'))
const at = (name: string): string => join(place, name)
const SITE = at('site')
const browser = await openChromium()

/** As it is installed: compiled, in a process of its own. */
const SCRIPT = `
const { asWriting, withModel } = await import('${new URL('checkpoint/open-model.js', DIST)}')
const { exportWeb } = await import('${new URL('deploy/web/export-web.js', DIST)}')
const [folder, site, options] = process.argv.slice(1)
await withModel(folder, (model) => exportWeb(asWriting(model), site, JSON.parse(options)))
`

const runScript = (folder: string, site: string, options: object) =>
  promisify(execFile)(process.execPath, [
    ...['--input-type=module', '-e', SCRIPT, folder, site],
    JSON.stringify(options),
  ])

const TEMPLATE = '{% for one in messages %}{{ one.content }}{% endfor %} jumps '

beforeAll(async () => {
  const tokenizer = await trainCharTokenizer(['the quick brown fox jumps over the lazy dog'])
  const sizes = { vocabSize: tokenizer.vocabSize, context: 64, layers: 2, dim: 32, heads: 4 }
  const model = new Decoder(llamaConfig(sizes))
  const weights = tinyWeights(model)
  const tensor = (name: string) => ({ read: async () => weights[name] }) as unknown as DeviceTensor
  const parts = { model, values: { tensor }, tokenizer }
  await writeFolder(at('writer'), modelFiles(parts))
  await writeFolder(at('talker'), modelFiles({ ...parts, chatTemplate: TEMPLATE }))
  await runScript(at('writer'), SITE, { title: 'A <tiny> one' })
  await runScript(at('talker'), at('talking'), { webgpu: true })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await rm(place, { recursive: true })
})

test('a site has the model, what runs it, and the terms of what it copies', async () => {
  expect((await readdir(SITE)).sort()).toEqual(['chatwright', 'index.html', 'model', 'packages'])
  const files = await readdir(SITE, { recursive: true })
  expect(files).toContain('model/model.safetensors')
  expect(files).toContain('packages/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm')
  expect(files.filter((name) => name.includes('asyncify'))).toEqual([])
  for (const name of ['zod', 'protobufjs', '@huggingface/tokenizers'])
    expect(files.filter((file) => file.startsWith(`packages/${name}/LICENSE`))).toHaveLength(1)
  const html = await readFile(join(SITE, 'index.html'), 'utf8')
  expect(html).toContain('<title>A &lt;tiny> one</title>')
  expect(html).not.toMatch(/https?:/)
})

/** Opens a site, lets `use` work with its page, and gives what was asked for from elsewhere. */
async function visit(
  folder: string,
  use: (page: Page) => Promise<void>,
  locale = 'en-US',
): Promise<string[]> {
  if (!browser) throw new Error('there is no browser')
  const server = await serve(folder, { isolated: false })
  const page = await browser.newPage({ locale })
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
    await ready(page)
    await use(page)
    return elsewhere
  } finally {
    await page.close()
    server.close()
  }
}

const ready = (page: Page) =>
  page.waitForSelector('body[data-state=ready], body[data-state=failed]')

async function write(page: Page, prompt: string, maxTokens: number): Promise<void> {
  await page.fill('#prompt', prompt)
  await page.fill('#max-tokens', String(maxTokens))
  await page.fill('#temperature', '0')
  await page.click('#generate')
  await ready(page)
}

test.runIf(browser)('its page continues a text, and requests nothing from elsewhere', async () => {
  const model = await load(at('writer'), { engine: 'cpu', threads: 1 })
  const options = { prompt: 'the lazy', temperature: 0, maxTokens: 40 }
  const { text } = await generate(model, options)
  await model.dispose()
  const elsewhere = await visit(SITE, async (page) => {
    expect(await page.textContent('#status')).toContain('WebAssembly, 1 thread')
    await write(page, options.prompt, options.maxTokens)
    expect(await page.textContent('output')).toBe(options.prompt + text)
  })
  expect(text).toHaveLength(40)
  expect(elsewhere).toEqual([])
})

test.runIf(browser)('it speaks Chinese where the browser does', async () => {
  const use = async (page: Page) => {
    expect(await page.textContent('#generate')).toBe('生成')
    expect(await page.textContent('form')).toContain('最大词元数')
    expect(await page.getAttribute('html', 'lang')).toBe('zh')
  }
  await visit(SITE, use, 'zh-CN')
})

test.runIf(browser)(
  'with a chat template it talks; on the GPU, where that was asked for',
  async () => {
    const model = await load(at('talker'), { engine: 'cpu', threads: 1 })
    const options = { temperature: 0, maxTokens: 6 }
    const first: ChatMessage = { role: 'user', content: 'the fox' }
    const { text } = await chat(model, [first], options)
    const second: ChatMessage[] = [
      first,
      { role: 'assistant', content: text },
      { role: 'user', content: 'a dog' },
    ]
    const { text: next } = await chat(model, second, options)
    await model.dispose()
    const elsewhere = await visit(at('talking'), async (page) => {
      expect(await page.textContent('#status')).toContain('webgpu')
      await write(page, 'the fox', 6)
      await write(page, 'a dog', 6)
      const wanted = `> the fox\n\n${text}\n\n> a dog\n\n${next}`
      expect(await page.textContent('output')).toBe(wanted)
    })
    expect(elsewhere).toEqual([])
  },
)
