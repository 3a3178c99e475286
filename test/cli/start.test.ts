import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { workFolder } from './book.ts'
import { lastJson, run } from './run.ts'

let folder: Awaited<ReturnType<typeof workFolder>>
beforeAll(async () => {
  folder = await workFolder()
}, 60_000)
afterAll(() => folder.remove())

it('trains without a terminal, prints a sample, and uses the model the next time', async () => {
  const start = ['start', '--data', 'book.txt', '--seconds', '3', '--json']
  const first = await run(start, { cwd: folder.path })
  expect(first.code, first.stderr).toBe(0)
  expect(first.stderr).toMatch(/no model in chatwright-model yet/)
  expect(first.stderr).toMatch(/What it writes after step \d+/)
  expect(lastJson(first).text).toMatch(/\w+/)
  const { mtimeMs } = await stat(join(folder.path, 'chatwright-model', 'model.safetensors'))

  const second = await run(start, { cwd: folder.path })
  expect(second.code, second.stderr).toBe(0)
  expect(second.stderr).toMatch(/The model in chatwright-model/)
  expect(lastJson(second)).toEqual(lastJson(first))
  const after = await stat(join(folder.path, 'chatwright-model', 'model.safetensors'))
  expect(after.mtimeMs).toBe(mtimeMs)
})

it('resumes a training that was stopped, by the same command', async () => {
  const start = ['start', '--data', 'book.txt', '--model', 'stopped', '--seconds', '5', '--json']
  let sent = false
  const first = await run(start, {
    cwd: folder.path,
    onStderr: (stderr, child) => {
      // By then there is a model to open.
      if (sent || !/What it writes after step/.test(stderr)) return
      sent = true
      child.kill('SIGINT')
    },
  })
  expect(first.code, first.stderr).toBe(130)
  expect(lastJson(first)).toMatchObject({ ended: 'aborted' })
  expect(first.stderr).toMatch(/Stopped and saved/)
  const second = await run(start, { cwd: folder.path })
  expect(second.code, second.stderr).toBe(0)
  const step = lastJson(first).steps
  expect(second.stderr).toMatch(new RegExp(`Resuming the training.*from step ${step} on`, 's'))
  expect(second.stderr).toMatch(/Trained: validation loss/)
})

it('says what to do without a network', async () => {
  const env = {
    CHATWRIGHT_CACHE: join(folder.path, 'cache'),
    npm_config_registry: 'http://127.0.0.1:9',
    npm_config_cache: join(folder.path, 'npm'),
  }
  const { code, stderr } = await run(['start', '--model', 'other'], { cwd: folder.path, env })
  expect(code).toBe(1)
  expect(stderr).toMatch(/npm start -- --data FILE/)
  expect(stderr).not.toMatch(/^ +at /m)
})
