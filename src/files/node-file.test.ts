import { mkdtemp, open, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { UserError } from '../errors.ts'
import { openFolderWeights } from '../formats/huggingface/open.ts'
import { encodeSafetensors } from '../formats/safetensors/safetensors.ts'
import { fileError } from './file-error.ts'
import { openFile, writeFile } from './node-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('reads by position what was written piece by piece', async () => {
  const path = join(folder, 'a.bin')
  await writeFile(path, [Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(4, 5)])
  const file = await openFile(path)
  expect(file.size).toBe(5)
  expect(await file.read(1, 3)).toEqual(Uint8Array.of(2, 3, 4))
  await truncate(path, 4)
  await expect(file.read(2, 3)).rejects.toThrow(`${path}: ends at byte 4`)
  await file.close?.()
})

it.skipIf(process.platform !== 'linux')('leaves no file open whose name is gone', async () => {
  const path = join(folder, 'a.bin')
  await writeFile(path, [Uint8Array.of(1)])
  const handle = await open(path)
  await rm(path)
  const names = () => readdir('/proc/self/fd')
  const before = await names()
  await expect(openFile(`/proc/self/fd/${handle.fd}`)).rejects.toThrow('no such file or folder')
  expect((await names()).length).toBe(before.length)
  await handle.close()
})

it('opens the weights of a folder', async () => {
  const data = Float32Array.of(1, 2, 3)
  const pieces = encodeSafetensors([{ name: 'w', dtype: 'F32', shape: [3], data }])
  await writeFile(join(folder, 'model.safetensors'), pieces)
  const weights = await openFolderWeights(folder)
  expect(await weights.read('w')).toEqual(data)
  await weights.close()
})

it('says which file could not be used, and why', async () => {
  const missing = join(folder, 'none', 'x')
  await expect(openFile(missing)).rejects.toThrow(
    new UserError(`cannot open ${missing}: there is no such file or folder`),
  )
  await expect(writeFile(missing, [])).rejects.toThrow(`cannot write ${missing}: there is no such`)
  await expect(writeFile(folder, [])).rejects.toThrow('it is a folder')
  await expect(openFolderWeights(folder)).rejects.toThrow('no weights: the model folder has')
  const full = fileError(Object.assign(new Error('write'), { code: 'ENOSPC' }), 'cannot save')
  expect(full).toEqual(
    new UserError('cannot save: the disk is full; free some space and run again'),
  )
})

it('leaves other errors as they are', async () => {
  async function* failing() {
    yield Uint8Array.of(7)
    throw new RangeError('lost')
  }
  const path = join(folder, 'half')
  await expect(writeFile(path, failing())).rejects.toThrow(new RangeError('lost'))
  expect([...(await readFile(path))]).toEqual([7])
})
