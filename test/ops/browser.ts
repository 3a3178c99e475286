import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { createViteServer } from 'vitest/node'

const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

/** Software WebGPU (SwiftShader), so that a machine without a GPU will do. */
const FLAGS = ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']

export interface Browser {
  page: Page
  close(): Promise<void>
}

/**
 * An empty page in headless Chromium, cross-origin isolated as threads ask for, whose modules are
 * the repository's own sources: `import('/src/web.ts')`.
 */
export async function openPage(): Promise<Browser> {
  const cacheDir = mkdtempSync(join(tmpdir(), 'chatwright-'))
  const server = await createViteServer({
    configFile: false,
    root: join(import.meta.dirname, '../..'),
    cacheDir,
    appType: 'custom',
    logLevel: 'error',
    // Its .wasm files are found beside its modules.
    optimizeDeps: { exclude: ['onnxruntime-web'], include: ['protobufjs/minimal.js'] },
    server: { host: '127.0.0.1', port: 0, hmr: false, headers: ISOLATED },
  })
  server.middlewares.use('/page', (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html', ...ISOLATED })
    response.end('<!doctype html><title>Chatwright</title><link rel="icon" href="data:,">')
  })
  await server.listen()
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  const browser = await chromium.launch({ executablePath, args: FLAGS })
  const page = await browser.newPage()
  await page.goto(`${server.resolvedUrls?.local[0]}page`)
  const close = async () => {
    await browser.close()
    await server.close()
    rmSync(cacheDir, { recursive: true, force: true })
  }
  return { page, close }
}
