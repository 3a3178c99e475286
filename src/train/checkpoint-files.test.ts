import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../errors.ts'
import {
  checkDiskSpace,
  newestCheckpoint,
  promoteCheckpoint,
  removeCheckpointsAfter,
  saveCheckpoint,
} from './checkpoint-files.ts'

let out: string
beforeEach(async () => {
  out = join(await mkdtemp(join(tmpdir(), 'chatwright-')), 'out')
})
afterEach(() => rm(join(out, '..'), { recursive: true }))

const root = () => join(out, 'checkpoints')
const save = (step: number, text = `at ${step}`, keep = 2) =>
  saveCheckpoint(out, step, { 'model.safetensors': text, 'config.json': '{}' }, { keep })
const textOf = (step: number) => readFile(join(root(), `step-${step}`, 'model.safetensors'), 'utf8')

describe('saveCheckpoint', () => {
  it('writes a whole folder and keeps the last n', async () => {
    expect(await save(100)).toEqual({ step: 100, folder: join(root(), 'step-100') })
    expect((await readdir(join(root(), 'step-100'))).sort()).toEqual([
      'checkpoint.json',
      'config.json',
      'model.safetensors',
    ])
    await save(900)
    await save(1000)
    expect((await readdir(root())).sort()).toEqual(['step-1000', 'step-900'])
    await save(1100, 'last', 1)
    expect(await readdir(root())).toEqual(['step-1100'])
  })

  it('replaces a checkpoint of the same step', async () => {
    await save(5, 'first')
    await save(5, 'second')
    expect(await textOf(5)).toBe('second')
    expect(await readdir(root())).toEqual(['step-5'])
  })

  it('never removes the one just saved, whatever else is there', async () => {
    for (const step of [30, 40]) await save(step)
    await save(10, 'restarted', 1)
    expect((await readdir(root())).sort()).toEqual(['step-10', 'step-30', 'step-40'])
  })

  it('clears what killed writes left', async () => {
    await mkdir(join(root(), '.tmp-step-3'), { recursive: true })
    await writeFile(join(root(), '.tmp-step-3', 'model.safetensors'), 'half')
    await save(3)
    expect(await textOf(3)).toBe('at 3')
    expect(await readdir(root())).toEqual(['step-3'])
  })

  it('on a full disk leaves the checkpoints before it, and no rest', async () => {
    await save(1)
    await save(2)
    async function* noRoom() {
      yield new Uint8Array(10)
      throw Object.assign(new Error('write'), { code: 'ENOSPC' })
    }
    const saving = saveCheckpoint(out, 3, { 'config.json': '{}', 'model.safetensors': noRoom() })
    await expect(saving).rejects.toThrow(UserError)
    await expect(saving).rejects.toThrow(/^step 3 was not saved: .*the disk is full; free some/)
    expect((await readdir(root())).sort()).toEqual(['step-1', 'step-2'])
  })

  it('passes on an error that is not the disk’s', async () => {
    // biome-ignore lint/correctness/useYield: it fails before it has anything to give
    async function* broken(): AsyncGenerator<Uint8Array> {
      throw new RangeError('read back a disposed tensor')
    }
    await expect(saveCheckpoint(out, 3, { a: broken() })).rejects.toThrow(RangeError)
  })
})

describe('newestCheckpoint', () => {
  it('is the highest step, by number', async () => {
    expect(await newestCheckpoint(out)).toBe(undefined)
    await save(900)
    await save(1000)
    expect(await newestCheckpoint(out)).toEqual({ step: 1000, folder: join(root(), 'step-1000') })
  })

  it('passes over what killed writes left, and other folders', async () => {
    await save(7)
    for (const name of ['.tmp-step-9', '.tmp-removed-step-8', 'step-x', 'best']) {
      await mkdir(join(root(), name))
    }
    expect((await newestCheckpoint(out))?.step).toBe(7)
  })

  it('refuses a damaged one, and says what to do', async () => {
    await save(6)
    await save(7)
    const folder = join(root(), 'step-7')
    await truncate(join(folder, 'model.safetensors'), 2)
    await expect(newestCheckpoint(out)).rejects.toThrow(
      new UserError(
        `${folder} is damaged: model.safetensors has 2 bytes, but 4 were written. Restore it, or ` +
          'delete the folder to resume from step 6',
      ),
    )
    await rm(join(folder, 'model.safetensors'))
    await expect(newestCheckpoint(out)).rejects.toThrow('model.safetensors is missing')
    await writeFile(join(folder, 'checkpoint.json'), '{"step":8,"files":{}}')
    await expect(newestCheckpoint(out)).rejects.toThrow('checkpoint.json is that of step 8')
    await writeFile(join(folder, 'checkpoint.json'), '{"step":7')
    await rm(join(root(), 'step-6'), { recursive: true })
    await expect(newestCheckpoint(out)).rejects.toThrow(
      'checkpoint.json is missing or cannot be read. Restore it, or delete the folder to start ' +
        'anew',
    )
  })

  it('with verify sees a byte that changed', async () => {
    await save(6)
    await save(7)
    expect((await newestCheckpoint(out, { verify: true }))?.step).toBe(7)
    const folder = join(root(), 'step-7')
    await writeFile(join(folder, 'model.safetensors'), 'at 8')
    await expect(newestCheckpoint(out, { verify: true })).rejects.toThrow(
      new UserError(
        `${folder} is damaged: model.safetensors has other bytes than were written. Restore it, ` +
          'or delete the folder to resume from step 6',
      ),
    )
  })

  it('says that a folder cannot be read', async () => {
    await mkdir(out)
    await writeFile(root(), 'not a folder')
    await expect(newestCheckpoint(out)).rejects.toThrow(`cannot read ${root()}: a part of the path`)
    await expect(save(1)).rejects.toThrow(
      new UserError(
        `step 1 was not saved: cannot make the folder ${root()}: a file of that name exists`,
      ),
    )
  })
})

it('promotes the chosen files of a checkpoint to the model folder', async () => {
  const checkpoint = await save(4)
  await promoteCheckpoint(out, checkpoint, ['config.json', 'model.safetensors'])
  expect((await readdir(out)).sort()).toEqual(['checkpoints', 'config.json', 'model.safetensors'])
  await save(5)
  await save(6)
  expect(await readFile(join(out, 'model.safetensors'), 'utf8')).toBe('at 4')
})

it('removes the checkpoints of training that was given up', async () => {
  for (const step of [1, 2, 3, 4]) await save(step, 'x', 9)
  await removeCheckpointsAfter(out, 2)
  expect((await readdir(root())).sort()).toEqual(['step-1', 'step-2'])
})

it('checks the space on the disk beforehand', async () => {
  await mkdir(out)
  await checkDiskSpace(out, 1)
  await expect(checkDiskSpace(out, 2 ** 60)).rejects.toThrow(
    /^checkpoints need 1099511627776 MiB in .*, but its disk has \d+ MiB free; free some space/,
  )
})
