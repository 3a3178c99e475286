import { afterAll, describe, expect, test } from 'vitest'
import { openEngine } from '../../src/runtime/open.ts'
import { bundle } from './bundle.ts'
import { openChromium, resultOf } from './chromium.ts'
import { learn } from './example.ts'
import { lesson } from './lesson.ts'
import { serve } from './serve.ts'

interface Result {
  reason: string
  losses: number[]
  text: string
}

const browser = await openChromium()
const site = browser && (await bundle('page.html'))
afterAll(async () => {
  await browser?.close()
  await site?.[Symbol.asyncDispose]()
})

/** What the page finds, with the browser's `engine`. */
async function inPage(engine: string, isolated: boolean): Promise<Result> {
  if (!browser || !site) throw new Error('there is no browser')
  const server = await serve(site.folder, { isolated })
  try {
    return await resultOf<Result>(browser, `${server.origin}/page.html?engine=${engine}`)
  } finally {
    server.close()
  }
}

/** The same on the native CPU. */
async function natively(): Promise<Omit<Result, 'reason'>> {
  const engine = await openEngine({ engine: 'cpu', threads: 1 })
  const losses: number[] = []
  const onLoss = (loss: number) => losses.push(loss)
  const text = await learn(engine, lesson.text, { ...lesson, onLoss })
  await engine.dispose()
  return { losses, text }
}

describe.runIf(browser)('a page trains a model and generates from it', () => {
  test.each([
    ['wasm', true, 'wasm: ONNX Runtime 1.30.0, WebAssembly, 2 threads'],
    [
      'wasm',
      false,
      'wasm: ONNX Runtime 1.30.0, WebAssembly, 1 thread; ' +
        'the page is not cross-origin isolated, which threads need',
    ],
    ['webgpu', true, 'webgpu: ONNX Runtime 1.30.0, in the page'],
  ])('%s, isolated: %s', { timeout: 300_000 }, async (engine, isolated, reason) => {
    const [page, native] = [await inPage(engine, isolated), await natively()]
    expect(page.reason).toBe(reason)
    expect(page.losses).toHaveLength(lesson.steps)
    for (const [step, loss] of native.losses.entries())
      expect(Math.abs((page.losses[step] ?? Number.NaN) - loss)).toBeLessThan(1e-4)
    expect(native.losses.at(-1)).toBeLessThan(0.1)
    expect(page.text).toBe('smith blacks')
    expect(native.text).toBe(page.text)
  })
})
