import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openFile } from './node-file.ts'
import { promote } from './promote.ts'
import { readWhole } from './read-whole.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterEach(() => rm(folder, { recursive: true }))

const NAMES = ['config.json', 'tokenizer.json', '1_Pooling/config.json', 'model.safetensors']

/** A model each of whose files says which one it is of; some later, so that a reader meets both. */
const model = (name: string) => Object.fromEntries(NAMES.map((file) => [file, name.repeat(100)]))

const readAll = async (root: string) => {
  const texts: string[] = []
  for (const name of NAMES) texts.push(await readFile(join(root, name), 'utf8'))
  return [...new Set(texts)]
}

it('a reader has one model whole while others take its place, and writes nothing', async () => {
  await promote(folder, model('0'))
  let isDone = false
  const writing = (async () => {
    for (let i = 1; i < 40; i++) await promote(folder, model(String(i % 10)))
    isDone = true
  })()
  const seen = new Set<string>()
  while (!isDone) {
    const { value } = await readWhole(folder, readAll)
    expect(value).toHaveLength(1)
    seen.add(value[0] as string)
  }
  await writing
  expect(seen.size).toBeGreaterThan(3)
  expect((await readWhole(folder, readAll)).value).toEqual(['9'.repeat(100)])
})

it('reads again where another model came meanwhile, and says whose it is', async () => {
  await promote(folder, model('a'))
  const before = await readWhole(folder, readAll)
  const discarded: string[][] = []
  const roots: string[] = []
  const { value, description } = await readWhole(
    folder,
    async (root) => {
      roots.push(root)
      if (roots.length === 1) await promote(folder, model('b'))
      return readAll(root)
    },
    (texts) => {
      discarded.push(texts)
    },
  )
  expect(value).toEqual(['b'.repeat(100)])
  expect([roots.length, discarded.length]).toEqual([2, 1])
  expect(description).not.toBe(before.description)
  // New weights of the same model are no other model.
  await promote(folder, { ...model('b'), 'model.safetensors': 'later' })
  expect((await readWhole(folder, readAll)).description).toBe(description)
})

it('keeps what it opened', async () => {
  await promote(folder, model('a'))
  const { value: file } = await readWhole(folder, (root) =>
    openFile(join(root, 'model.safetensors')),
  )
  await promote(folder, model('b'))
  expect(new TextDecoder().decode(await file.read(0, 3))).toBe('aaa')
  await file.close?.()
})

it('reads a set that a killed process left to be moved in, and leaves it', async () => {
  await promote(folder, model('a'))
  await mkdir(join(folder, '.promote/1_Pooling'), { recursive: true })
  for (const name of NAMES) await writeFile(join(folder, '.promote', name), 'b')
  await rm(join(folder, 'model.safetensors'))
  await writeFile(join(folder, 'config.json'), 'b')
  const before = await readdir(folder, { recursive: true })
  await chmod(folder, 0o555)
  expect((await readWhole(folder, readAll)).value).toEqual(['b'])
  expect(await readdir(folder, { recursive: true })).toEqual(before)
  await chmod(folder, 0o755)
})

it('throws what is wrong with a folder that nobody changes', async () => {
  let calls = 0
  const reading = readWhole(folder, async () => {
    calls++
    throw new RangeError('no')
  })
  await expect(reading).rejects.toThrow(new RangeError('no'))
  expect(calls).toBe(1)
  await expect(readWhole(join(folder, 'none'), readAll)).rejects.toThrow('ENOENT')
})
