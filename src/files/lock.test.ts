import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../errors.ts'
import { whileWriting, withLock } from './lock.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('lets one work at a time, and others that have another lock', async () => {
  let [inside, most, waits] = [0, 0, 0]
  const work = async () => {
    most = Math.max(most, ++inside)
    await delay(20)
    inside--
  }
  const onWait = () => {
    waits++
  }
  const path = join(folder, 'a.lock')
  await Promise.all(Array.from({ length: 4 }, () => withLock(path, work, { onWait })))
  expect([most, waits]).toEqual([1, 3])
  await Promise.all(['b', 'c'].map((name) => withLock(join(folder, name), work)))
  expect(most).toBe(2)
})

it('gives the result or the error, and frees the lock', async () => {
  const path = join(folder, 'a.lock')
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await withLock(path, async () => 7)).toBe(7)
})

it('stops waiting when it is told to', async () => {
  const path = join(folder, 'a.lock')
  const controller = new AbortController()
  await withLock(path, async () => {
    const waiting = withLock(path, async () => 7, { signal: controller.signal })
    controller.abort()
    await expect(waiting).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  })
})

it.skipIf(process.platform !== 'linux')('waits for another process, until it dies', async () => {
  const path = join(folder, 'a.lock')
  // util-linux's flock takes the lock that Python's libraries take.
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held; sleep 60'], { detached: true })
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  let waited = false
  const onWait = () => {
    waited = true
    process.kill(-(holder.pid as number), 'SIGKILL')
  }
  expect(await withLock(path, async () => 7, { onWait })).toBe(7)
  expect(waited).toBe(true)
})

it('says where it cannot be made', async () => {
  await expect(withLock(join(folder, 'no/a.lock'), async () => 7)).rejects.toThrow(
    /cannot lock .*no such file or folder/,
  )
})

describe('whileWriting', () => {
  const target = 'OUT'
  it('refuses a second writer, at once, until the first has ended', async () => {
    const path = join(folder, '.lock')
    const first = await whileWriting({ target, path }, async () => {
      await expect(whileWriting({ target, path }, async () => 2)).rejects.toThrow(
        new UserError(
          'another run of Chatwright is writing OUT; ' +
            'wait until it has ended, or choose another folder',
        ),
      )
      return 1
    })
    expect([first, await readdir(folder)]).toEqual([1, []])
    expect(await whileWriting({ target, path }, async () => 2)).toBe(2)
  })

  it('never lets two in while locks come and go', async () => {
    const path = join(folder, '.lock')
    let [inside, most, done] = [0, 0, 0]
    const work = async () => {
      most = Math.max(most, ++inside)
      await delay(1)
      inside--
      done++
    }
    const untilDone = async () => {
      for (let isDone = false; !isDone; )
        isDone = await whileWriting({ target, path }, work).then(
          () => true,
          () => false,
        )
    }
    await Promise.all(Array.from({ length: 10 }, untilDone))
    expect([most, done]).toEqual([1, 10])
  })

  it.skipIf(process.platform !== 'linux')(
    'takes over the lock of a process that died',
    async () => {
      const path = join(folder, '.lock')
      const holder = spawn('flock', [path, 'sh', '-c', 'echo held; sleep 60'], { detached: true })
      const ended = new Promise((resolve) => holder.once('close', resolve))
      await new Promise((resolve) => holder.stdout.once('data', resolve))
      await expect(whileWriting({ target, path }, async () => 1)).rejects.toThrow('another run')
      process.kill(-(holder.pid as number), 'SIGKILL')
      await ended
      expect(await readdir(folder)).toEqual(['.lock'])
      expect(await whileWriting({ target, path }, async () => 1)).toBe(1)
      expect(await readdir(folder)).toEqual([])
    },
  )
})
