import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../errors.ts'
import { finishPromotion, promote } from './promote.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterEach(() => rm(folder, { recursive: true }))

const contents = async () => {
  const names = (await readdir(folder)).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return Object.fromEntries(names.map((name, i) => [name, texts[i]]))
}
const inode = async (name: string) => (await stat(join(folder, name))).ino

describe('promote', () => {
  it('makes a folder, and replaces all of its model files, leaving others', async () => {
    await promote(folder, { 'config.json': 'a', 'model.safetensors': 'A' })
    await writeFile(join(folder, 'notes.txt'), 'mine')
    await promote(folder, { 'config.json': 'b', 'model.safetensors': 'B', 'tokenizer.json': 'b' })
    expect(await contents()).toEqual({
      'config.json': 'b',
      'model.safetensors': 'B',
      'tokenizer.json': 'b',
      'notes.txt': 'mine',
    })
  })

  it('touches only the weights where only they changed', async () => {
    await promote(folder, { 'config.json': 'a', 'model.safetensors': 'A' })
    const before = await inode('config.json')
    await promote(folder, { 'config.json': 'a', 'model.safetensors': 'B' })
    expect(await inode('config.json')).toBe(before)
    expect(await contents()).toEqual({ 'config.json': 'a', 'model.safetensors': 'B' })
  })

  it('shares a copied file’s bytes where the disk allows', async () => {
    await writeFile(join(folder, 'source'), 'W')
    await promote(folder, { 'model.safetensors': { copyOf: join(folder, 'source') } })
    expect(await inode('model.safetensors')).toBe(await inode('source'))
  })

  it('promotes the same files again over one that was changed', async () => {
    const files = ['config.json', 'tokenizer.json', 'model.safetensors']
    const source = await mkdtemp(join(folder, 'step-'))
    for (const name of files) await writeFile(join(source, name), `${name} of step 1`)
    const copies = files.map((name) => [name, { copyOf: join(source, name) }])
    const target = join(folder, 'out')
    await promote(target, Object.fromEntries(copies))
    await rm(join(target, 'config.json'))
    await writeFile(join(target, 'config.json'), 'changed')
    await promote(target, Object.fromEntries(copies))
    expect(await readFile(join(target, 'config.json'), 'utf8')).toBe('config.json of step 1')
    expect((await readdir(target)).sort()).toEqual(files.sort())
  })

  it('changes nothing when the disk is full', async () => {
    await promote(folder, { 'config.json': 'a', 'model.safetensors': 'A' })
    async function* noRoom() {
      yield new Uint8Array(10)
      throw Object.assign(new Error('write'), { code: 'ENOSPC' })
    }
    const promoting = promote(folder, { 'config.json': 'b', 'model.safetensors': noRoom() })
    await expect(promoting).rejects.toThrow(UserError)
    await expect(promoting).rejects.toThrow('model.safetensors: the disk is full')
    expect(await contents()).toEqual({ 'config.json': 'a', 'model.safetensors': 'A' })
  })

  it('says what it could not copy', async () => {
    const missing = join(folder, 'none')
    await expect(promote(folder, { a: { copyOf: missing } })).rejects.toThrow(
      `cannot copy ${missing} to ${join(folder, '.tmp-promote', 'a')}: there is no such file`,
    )
  })
})

describe('finishPromotion', () => {
  it('does nothing in a folder without a pending set, or in none', async () => {
    await finishPromotion(folder)
    await finishPromotion(join(folder, 'none'))
    expect(await readdir(folder)).toEqual([])
  })

  it('says why it cannot', async () => {
    await writeFile(join(folder, '.promote'), 'a file')
    await expect(finishPromotion(folder)).rejects.toThrow(
      `cannot finish replacing the model in ${folder}: a part of the path is a file, not a folder`,
    )
  })
})
