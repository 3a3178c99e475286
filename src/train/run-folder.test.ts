import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { promote } from '../files/promote.ts'
import { saveCheckpoint } from './checkpoint-files.ts'
import { inRunFolder } from './run-folder.ts'

let folder: string
let out: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
  out = join(folder, 'out')
})
afterEach(() => rm(folder, { recursive: true }))

const begin = (resume = false) => inRunFolder({ out, resume }, async () => 'trained')

it('makes a folder, and removes it where nothing came of it', async () => {
  const refused = inRunFolder({ out, resume: false }, async () => {
    throw new RangeError('no data')
  })
  await expect(refused).rejects.toThrow(new RangeError('no data'))
  expect(await readdir(folder)).toEqual([])
  expect(await begin()).toBe('trained')
})

it('keeps what was written, and no lock', async () => {
  await inRunFolder({ out, resume: false }, () => writeFile(join(out, 'metrics.jsonl'), ''))
  expect(await readdir(out)).toEqual(['metrics.jsonl'])
})

it.each([
  ['a model', { 'config.json': 'mine', 'model.safetensors': 'mine' }, 'holds a model: a training'],
  ['an adapter', { 'adapter_config.json': 'mine' }, 'holds a model: a training'],
  ['weights alone', { 'model.safetensors': 'mine' }, 'holds model.safetensors: a training'],
  ['a tokenizer', { 'tokenizer.json': 'mine' }, 'holds tokenizer.json: a training'],
  ['a sample', { 'sample.txt': 'mine' }, 'holds sample.txt: a training'],
  ['other files', { a: '', b: '', c: '', d: '' }, 'holds a, b, c, and 1 more: a training'],
])('refuses a folder with %s, and leaves it', async (_, files, message) => {
  await mkdir(out)
  for (const [name, text] of Object.entries(files)) await writeFile(join(out, name), text)
  await expect(begin()).rejects.toThrow(`${out} ${message} does not replace what is there. Choose`)
  for (const [name, text] of Object.entries(files))
    expect(await readFile(join(out, name), 'utf8')).toBe(text)
  expect((await readdir(out)).sort()).toEqual(Object.keys(files))
})

it('refuses a training that can be resumed, unless it is', async () => {
  await saveCheckpoint(out, 7, { 'model.safetensors': 'x' })
  await expect(begin()).rejects.toThrow('holds a training at step 7; resume it with --resume')
  expect(await begin(true)).toBe('trained')
})

it('refuses a model that a killed run left to be moved in', async () => {
  await mkdir(join(out, '.promote'), { recursive: true })
  await expect(begin()).rejects.toThrow('holds .promote: a training')
})

it('takes the folder of a run that ended before its first checkpoint', async () => {
  for (const name of ['data', 'tensorboard', 'checkpoints/.tmp-step-1'])
    await mkdir(join(out, name), { recursive: true })
  for (const name of ['metrics.jsonl', 'loss.svg', 'loss.svg.tmp', '.lock'])
    await writeFile(join(out, name), '')
  expect(await begin()).toBe('trained')
})

it('completes what a killed run did not finish when that is resumed', async () => {
  await promote(out, { 'config.json': 'old', 'model.safetensors': 'old' })
  await mkdir(join(out, '.promote'))
  for (const name of ['config.json', 'model.safetensors'])
    await writeFile(join(out, '.promote', name), 'new')
  await begin(true)
  expect((await readdir(out)).sort()).toEqual(['config.json', 'model.safetensors'])
  expect(await readFile(join(out, 'model.safetensors'), 'utf8')).toBe('new')
})

it('lets one run at a time write', async () => {
  await inRunFolder({ out, resume: true }, async () => {
    await expect(begin(true)).rejects.toThrow(
      `another run of Chatwright is writing ${out}; wait until it has ended, or choose another`,
    )
    await expect(begin()).rejects.toThrow('another run of Chatwright is writing')
  })
  expect(await begin()).toBe('trained')
})
