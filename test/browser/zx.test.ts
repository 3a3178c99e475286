import { test } from 'vitest'
import { chromium } from 'playwright-core'
import { serve } from './serve.ts'
import { readdirSync } from 'node:fs'
test('x', { timeout: 300_000 }, async () => {
  const folder = '/tmp/' + readdirSync('/tmp').filter((f) => f.startsWith('chatwright-page-')).at(-1)
  const site = await serve(folder, { isolated: true })
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'] })
  const t = performance.now()
  for (const engine of ['webgpu']) {
  const page = await browser.newPage()
  page.on('console', (m) => console.log(engine, 'console', m.text()))
  page.on('pageerror', (m) => console.log(engine, 'error', m.message))
  await page.goto(`${site.origin}/page.html?engine=${engine}`)
  try { await page.waitForFunction(() => document.body.dataset.result, undefined, { timeout: 280000 }) } catch (e) { console.log((e as Error).message) }
  console.log(await page.evaluate(() => document.body.dataset.result ?? document.body.innerText), performance.now() - t)
  await page.close()
  }
  await browser.close()
  site.close()
})
