import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { EngineUnavailable } from '../../errors.ts'
import { openApi } from './api.ts'
import { findLibrary } from './library.ts'

const folder = mkdtempSync(join(tmpdir(), 'chatwright-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A project with this version of an onnxruntime-node that is empty but for `files`. */
function project(name: string, version: string, files: string[] = []): string {
  const root = join(folder, name)
  const home = join(root, 'node_modules', 'onnxruntime-node')
  for (const file of ['package.json', ...files]) {
    mkdirSync(join(home, file, '..'), { recursive: true })
    writeFileSync(join(home, file), JSON.stringify({ name: 'onnxruntime-node', version }))
  }
  return join(root, 'index.js')
}

test('the library that is installed', () => {
  expect(existsSync(findLibrary())).toBe(true)
})

test.each([
  ['linux', 'x64', 'libonnxruntime.so.1'],
  ['linux', 'arm64', 'libonnxruntime.so.1'],
  ['darwin', 'arm64', 'libonnxruntime.1.30.0.dylib'],
  ['win32', 'x64', 'onnxruntime.dll'],
  ['win32', 'arm64', 'onnxruntime.dll'],
])('%s %s', (platform, arch, file) => {
  const path = join('bin', 'napi-v6', platform, arch, file)
  const from = project(`${platform}-${arch}`, '1.30.0', [path])
  expect(findLibrary({ platform, arch, from }).endsWith(path)).toBe(true)
})

test.each([
  ['darwin', 'x64'],
  ['freebsd', 'x64'],
  ['linux', 'ia32'],
])('%s %s has none', (platform, arch) => {
  expect(() => findLibrary({ platform, arch })).toThrow(EngineUnavailable)
  expect(() => findLibrary({ platform, arch })).toThrow(`no library for ${platform}-${arch}`)
})

const remedy = 'npm i onnxruntime-node@1.30.0 --ignore-scripts'

test('the package is missing', async () => {
  const resolve = () => {
    throw new Error('cannot find it')
  }
  vi.doMock('node:module', () => ({ createRequire: () => ({ resolve }) }))
  vi.resetModules()
  const { findLibrary } = await import('./library.ts')
  vi.doUnmock('node:module')
  const error = {
    name: 'EngineUnavailable',
    message: expect.stringContaining(`missing; run: ${remedy}`),
  }
  expect(findLibrary).toThrow(expect.objectContaining(error))
})

test('the package is of another version', () => {
  const from = project('old', '1.24.3')
  expect(() => findLibrary({ from })).toThrow(EngineUnavailable)
  expect(() => findLibrary({ from })).toThrow(`is 1.24.3, but 1.30.0 is needed; run: ${remedy}`)
})

test('the package is not whole', () => {
  const from = project('half', '1.30.0')
  expect(() => findLibrary({ from })).toThrow(EngineUnavailable)
  expect(() => findLibrary({ from })).toThrow(`is missing; install the package again: ${remedy}`)
})

test('the file is not a library', () => {
  const path = join(folder, 'broken.so')
  writeFileSync(path, 'not a library')
  expect(() => openApi(path)).toThrow(EngineUnavailable)
  expect(() => openApi(path)).toThrow(`cannot load ${path}: `)
})
