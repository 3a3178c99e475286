import { type Browser, chromium } from 'playwright-core'
import { orSkip } from '../engines.ts'

/** SwiftShader computes WebGPU where there is no GPU. */
const ARGUMENTS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
]

/** Headless Chromium: `CHROMIUM_PATH`, or Debian's. */
export const openChromium = (): Promise<Browser | undefined> =>
  orSkip(
    'the page in Chromium',
    chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
      args: ARGUMENTS,
    }),
  )

/** Opens a page and waits for `document.body.dataset.result`; rejects with the page's own error. */
export async function resultOf<T>(browser: Browser, url: string): Promise<T> {
  const page = await browser.newPage()
  try {
    const failed = new Promise<never>((_, reject) => page.once('pageerror', reject))
    await page.goto(url)
    const done = page.waitForFunction(() => document.body.dataset.result, undefined, { timeout: 0 })
    const result = await Promise.race([done, failed])
    return JSON.parse((await result.jsonValue()) as string)
  } finally {
    await page.close()
  }
}
