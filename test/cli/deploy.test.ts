import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TINY, workFolder } from './book.ts'
import { call } from './call.ts'
import { lastJson, run } from './run.ts'

let folder: Awaited<ReturnType<typeof workFolder>>
const chatwright = (...args: string[]) => call(args, { cwd: folder.path })

beforeAll(async () => {
  folder = await workFolder()
  const trained = await chatwright(...TINY, '--out', 'model', '--steps', '2')
  expect(trained.code, trained.stderr).toBe(0)
}, 60_000)
afterAll(() => folder.remove())

it('exports a model as GGUF and imports it again, the same', async () => {
  const exported = await chatwright('export', 'model', '--format', 'gguf', '--out', 'model.gguf')
  expect(exported.stderr).toBe('')
  expect(exported.stdout).toBe('wrote model.gguf\n')
  const imported = await chatwright('import', 'model.gguf', '--out', 'again')
  expect(imported.code, imported.stderr).toBe(0)
  expect(imported.stdout).toMatch(/^architecture +gpt2$/m)
  expect(imported.stdout).toMatch(/^layers +\d+$/m)
  expect(imported.stdout).toMatch(/^wrote again\n/m)
  expect(imported.stdout).not.toContain('not understood')
  const weights = (name: string) => readFile(join(folder.path, name, 'model.safetensors'))
  expect((await weights('again')).equals(await weights('model'))).toBe(true)
})

it('writes weights of another type, and says what it did as JSON', async () => {
  const args = ['--format', 'huggingface', '--dtype', 'bf16', '--out', 'half', '--json']
  expect(lastJson(await chatwright('export', 'model', ...args))).toEqual({
    out: 'half',
    format: 'huggingface',
    dtype: 'bf16',
    unknown_fields: [],
  })
  const size = async (name: string) =>
    (await stat(join(folder.path, name, 'model.safetensors'))).size
  expect((await size('half')) / (await size('model'))).toBeCloseTo(0.5, 1)
})

it('refuses what is there already, and a type that the format lacks', async () => {
  const again = await chatwright('export', 'model', '--format', 'huggingface', '--out', 'model')
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is not empty') })
  const args = ['--format', 'huggingface', '--dtype', 'q8_0', '--out', 'other']
  const other = await chatwright('export', 'model', ...args)
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('dtype is q8_0') })
})

it('runs, inspects and exports a GGUF file as it would a folder', async () => {
  const options = ['--prompt', 'the', '--temperature', '0', '--max-tokens', '12']
  const asFolder = await chatwright('generate', '--model', 'model', ...options)
  const asFile = await chatwright('generate', '--model', 'model.gguf', ...options)
  expect(asFile.code, asFile.stderr).toBe(0)
  expect(asFile.stdout).toBe(asFolder.stdout)
  const quantized = ['--format', 'gguf', '--dtype', 'q8_0', '--out', 'model.Q8_0.gguf']
  expect((await chatwright('export', 'model.gguf', ...quantized)).stderr).toBe('')
  const inspected = await chatwright('inspect', 'model.Q8_0.gguf')
  expect(inspected.stdout).toMatch(/^weights +.*Q8_0/m)
  const run = await chatwright('generate', '--model', 'model.Q8_0.gguf', ...options, '--json')
  expect(lastJson(run), run.stderr).toMatchObject({ tokens: { length: 12 } })
  const wrong = await chatwright('generate', '--model', 'no-such.gguf', ...options)
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('a GGUF file') })
})

it('exports for transformers.js, and as a site', async () => {
  for (const [format, file] of [
    ['onnx', 'onnx/model.onnx'],
    ['web', 'index.html'],
  ] as const) {
    // A site is copied together from what is built.
    const args = ['export', 'model', '--format', format, '--out', format]
    const exported = await run(args, { cwd: folder.path })
    expect(exported.code, exported.stderr).toBe(0)
    expect((await stat(join(folder.path, format, file))).size).toBeGreaterThan(500)
  }
})

it('refuses options that a format does not have', async () => {
  const args = ['--format', 'gguf', '--title', 'x', '--out', 'titled.gguf']
  const { code, stderr } = await chatwright('export', 'model', ...args)
  expect(code).toBe(1)
  expect(stderr).toContain('title is not an option of the format gguf')
})
