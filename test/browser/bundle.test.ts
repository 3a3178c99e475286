import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { bundle } from './bundle.ts'
import { reachableFrom } from './reachable.ts'

const WEB = resolve(import.meta.dirname, '../../src/web.ts')

test('nothing that chatwright/web imports is a Node built-in', () => {
  const { modules, packages, builtins } = reachableFrom(WEB)
  expect(modules).toContain(resolve(WEB, '../train/trainer.ts'))
  expect([...packages].sort()).toEqual([
    '@huggingface/tokenizers',
    'onnxruntime-web/wasm',
    'onnxruntime-web/webgpu',
    'protobufjs/minimal.js',
    'zod',
  ])
  expect(builtins).toEqual([])
})

test('nothing that an exported site imports is a Node built-in', () => {
  expect(reachableFrom(resolve(WEB, '../deploy/web/page.ts')).builtins).toEqual([])
})

test('a Node built-in would be found', () => {
  const path = resolve(WEB, '../runtime/memory.ts')
  expect(reachableFrom(path).builtins).toEqual([`${path}: node:fs`, `${path}: node:os`])
})

test('a page is bundled with its WebAssembly files and without Node built-ins', async () => {
  await using page = await bundle('page.html')
  const chunks = page.files.flatMap((file) => (file.type === 'chunk' ? [file] : []))
  const names = new Set(page.files.map(({ fileName }) => fileName))
  for (const { fileName, imports, dynamicImports, code } of chunks) {
    for (const imported of [...imports, ...dynamicImports]) expect(names).toContain(imported)
    expect(/__vite-browser-external|\bimport\(?\s*["']node:/.exec(code), fileName).toBeNull()
  }
  const wasm = [...names].filter((name) => name.endsWith('.wasm'))
  expect(wasm).toHaveLength(2)
  expect(chunks.map(({ code }) => code).join()).toContain('GroupQueryAttention')
})
