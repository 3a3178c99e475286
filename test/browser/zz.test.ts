import { test } from 'vitest'
import { bundle } from './bundle.ts'
import { openChromium, resultOf } from './chromium.ts'
import { serve } from './serve.ts'

test('x', { timeout: 200_000 }, async () => {
  const { folder } = await bundle('zz.html')
  const site = await serve(folder, { isolated: true })
  const browser = await openChromium()
  console.log(await resultOf(browser!, `${site.origin}/zz.html?engine=webgpu`))
  await browser!.close()
  site.close()
})
