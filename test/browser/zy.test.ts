import { test } from 'vitest'
import { bundle } from './bundle.ts'
test('x', async () => {
  const b = await bundle('page.html')
  console.log(b.folder)
  for (const f of b.files) console.log(f.fileName, f.type, f.type === 'chunk' ? [f.code.length, f.imports, f.dynamicImports, f.code.match(/.{60}(node:|browser-external).{60}/g)] : (f.source as Uint8Array).length)
})
