import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import * as node from '../../src/index.ts'
import * as web from '../../src/web.ts'

test('a custom model with a custom loss is trained, saved and sampled', async () => {
  const [before, folder] = [process.cwd(), await mkdtemp(join(tmpdir(), 'own-model-'))]
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  try {
    process.chdir(folder)
    await import('./own-model.ts')
  } finally {
    process.chdir(before)
    await rm(folder, { recursive: true })
  }
  const lines = log.mock.calls
  log.mockRestore()
  expect(lines.slice(0, -1).map(([step]) => step)).toEqual([50, 100, 150, 200])
  const [, loss, crossEntropy] = lines[3] as [number, string, string]
  expect(Number(crossEntropy)).toBeLessThan(0.1)
  expect(Number(loss)).toBeLessThan(Number(crossEntropy))
  expect(lines[4]).toEqual(['the cat sat on the mat. the dog sat on the log. '])
})

test('the documentation shows the same program', async () => {
  const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8')
  const program = (await read('./own-model.ts')).replace('../../src/index.ts', 'chatwright')
  for (const page of ['own-model.md', 'own-model.zh-CN.md'])
    expect(await read(`../../docs/${page}`), page).toContain(`\`\`\`ts\n${program}\`\`\``)
})

test('the entry for Node exports all that the one for pages does', () => {
  expect(Object.keys(node)).toEqual(expect.arrayContaining(Object.keys(web)))
  expect(Object.keys(web)).toContain('Trainer')
})
