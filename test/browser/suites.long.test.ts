import { afterAll, describe, expect, test } from 'vitest'
import { cases } from '../ops/cases.ts'
import { bundle } from './bundle.ts'
import { openChromium, resultOf } from './chromium.ts'
import { serve } from './serve.ts'

const browser = await openChromium()
const site = browser && (await bundle('suite.html'))
const server = site && (await serve(site.folder, { isolated: true }))
afterAll(async () => {
  server?.close()
  await browser?.close()
  await site?.[Symbol.asyncDispose]()
})

/** SwiftShader compiles shaders for minutes when others keep the machine busy. */
const timeout = 600_000

describe.runIf(browser)('in the page, as in Node:', () => {
  for (const engine of ['wasm', 'webgpu'])
    test.each([
      ['engine', 20],
      ['dimensions', 2],
      ['ops', cases.length],
    ])(`${engine}: %s`, { timeout }, async (suite, least) => {
      if (!browser || !server) throw new Error('there is no browser')
      const url = `${server.origin}/suite.html?engine=${engine}&suite=${suite}`
      const result = await resultOf<{ count: number; failures: string[] }>(browser, url)
      expect(result.failures).toEqual([])
      expect(result.count).toBeGreaterThanOrEqual(least)
    })
})
