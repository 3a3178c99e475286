import { afterAll, describe, expect, test } from 'vitest'
import { orSkip } from '../engines.ts'
import { openPage } from './browser.ts'
import { cases } from './cases.ts'

const browser = await orSkip('headless Chromium', openPage())
afterAll(() => browser?.close())

describe.runIf(browser)('in a page', () => {
  const run = (script: string) => browser?.page.evaluate(script)

  test('threads and WebGPU are to be had', async () => {
    expect(await run('crossOriginIsolated && "gpu" in navigator')).toBe(true)
  })

  for (const engine of ['wasm', 'webgpu'])
    describe(`${engine}: values and derivatives equal the interpreter's`, () => {
      for (const [i, { name }] of cases.entries())
        test(name, () =>
          run(`import('/test/ops/page.ts').then((page) => page.runInPage('${engine}', ${i}))`),
        )
    })
})
