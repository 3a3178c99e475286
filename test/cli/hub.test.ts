import type { ChildProcess } from 'node:child_process'
import { readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { sha256 } from '../hub/checksums.ts'
import { FakeHub, TOKEN } from '../hub/server.ts'
import { TINY, workFolder } from './book.ts'
import { call } from './call.ts'
import { lastJson, type RunOptions, run } from './run.ts'

const NAME = 'someone/tiny'

let folder: Awaited<ReturnType<typeof workFolder>>
let hub: FakeHub
let weights: Buffer
const hubEnv = () => ({
  HF_ENDPOINT: hub.endpoint,
  HF_HUB_CACHE: join(folder.path, 'cache'),
  HF_TOKEN: TOKEN,
  HF_HUB_OFFLINE: '0',
  // A stalled download is ended by these tests, however slow the machine is.
  HF_HUB_DOWNLOAD_TIMEOUT: '600',
})
const chatwright = (args: readonly string[], input?: string) =>
  call(args, { cwd: folder.path, env: hubEnv(), input })
/** In a process of its own, which can be killed. */
const apart = (args: readonly string[], options: RunOptions) =>
  run(args, { cwd: folder.path, ...options, env: { ...hubEnv(), ...options.env } })

beforeAll(async () => {
  folder = await workFolder()
  hub = await new FakeHub().start()
  const trained = await chatwright([...TINY, '--out', 'model', '--steps', '2'])
  expect(trained.code, trained.stderr).toBe(0)
  weights = await readFile(join(folder.path, 'model', 'model.safetensors'))
  const pushed = await chatwright(['push', 'model', NAME, '--private', '--message', 'First'])
  expect(pushed.code, pushed.stderr).toBe(0)
  expect(pushed.stdout).toBe(`${hub.endpoint}/${NAME}\n`)
}, 60_000)
beforeEach(() => {
  hub.fault = () => undefined
  hub.asked.length = 0
})
afterAll(async () => {
  await hub.stop()
  await folder.remove()
})

it('pushes a model, and only that', () => {
  expect([...hub.files(NAME).keys()].sort()).toEqual([
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ])
  expect(hub.files(NAME).get('model.safetensors')?.equals(weights)).toBe(true)
  expect(hub.models.get(NAME)?.private).toBe(true)
  expect(hub.messages).toEqual(['First'])
})

/** Requests for the weights; what else is large is stored beside them. */
const downloads = () =>
  hub.asked.filter(({ isStorage, url }) => isStorage && url.includes(sha256(weights)))

it('resumes a pull whose process was killed', async () => {
  const cache = join(folder.path, 'killed')
  const env = { HF_HUB_CACHE: cache }
  hub.fault = ({ isStorage }) => (isStorage ? { stallAfter: 20_000 } : undefined)
  let isWaiting = false
  const pulling = apart(['pull', NAME], {
    env,
    onStart: (child) => {
      const timer = setInterval(async () => {
        const blobs = join(cache, 'models--someone--tiny', 'blobs')
        const partial = await readFile(join(blobs, `${sha256(weights)}.incomplete`)).catch(() => '')
        if (partial.length < 20_000 || isWaiting) return
        isWaiting = true
        clearInterval(timer)
        child.kill('SIGKILL')
      }, 20)
    },
  })
  expect((await pulling).code).toBe(137)
  hub.fault = () => undefined
  const pulled = await apart(['pull', NAME, '--json'], { env })
  expect(pulled.code, pulled.stderr).toBe(0)
  const { model, folder: snapshot } = lastJson(pulled)
  expect(model).toBe(NAME)
  const file = join(String(snapshot), 'model.safetensors')
  expect((await readFile(file)).equals(weights)).toBe(true)
  expect(await readlink(file)).toBe(join('..', '..', 'blobs', sha256(weights)))
  expect(downloads().at(-1)?.headers.range).toBe('bytes=20000-')
})

it('lets processes pull at once, of which one is killed at its work', async () => {
  const env = { HF_HUB_CACHE: join(folder.path, 'shared') }
  // The first to come hangs, with all others behind it.
  hub.fault = ({ isStorage }) =>
    isStorage && downloads().length === 1 ? { stallAfter: 20_000 } : undefined
  const children: ChildProcess[] = []
  const onStart = (child: ChildProcess) => children.push(child)
  const first = apart(['pull', NAME], { env, onStart })
  while (downloads().length === 0) await delay(20)
  const onStderr = (stderr: string) => {
    if (stderr.includes('waiting')) children[0]?.kill('SIGKILL')
  }
  const others = [1, 2].map(() => apart(['pull', NAME], { env, onStderr }))
  expect((await first).code).toBe(137)
  const [a, b] = await Promise.all(others)
  expect([a?.code, b?.code], `${a?.stderr}${b?.stderr}`).toEqual([0, 0])
  expect(a?.stdout).toBe(b?.stdout)
  expect(`${a?.stderr}${b?.stderr}`).toMatch(
    /another process is downloading model\.safetensors: waiting/,
  )
  const file = join(a?.stdout.trim() ?? '', 'model.safetensors')
  expect((await readFile(file)).equals(weights)).toBe(true)
  expect(downloads()).toHaveLength(2)
})

it('runs a model by its name, which is fetched once', async () => {
  const generate = ['--prompt', 'the ', '--max-tokens', '8', '--temperature', '0', '--json']
  const [local, first] = [
    await chatwright(['generate', '--model', 'model', ...generate]),
    await chatwright(['generate', '--model', NAME, ...generate]),
  ]
  expect(first.code, first.stderr).toBe(0)
  expect(lastJson(first).text).toBe(lastJson(local).text)
  expect(hub.asked.length).toBeGreaterThan(0)
  hub.asked.length = 0

  const evaluated = await chatwright(['eval', '--model', NAME, '--data', 'book.txt', '--json'])
  expect(evaluated.code, evaluated.stderr).toBe(0)
  const inspected = await chatwright(['inspect', NAME, '--json'])
  expect(lastJson(inspected).weight_bytes).toBe(4 * Number(lastJson(inspected).parameters))
  const chatted = await chatwright(['chat', '--model', NAME], 'the \n')
  expect(chatted.stdout, chatted.stderr).toMatch(/^the /)
  const messages = [
    { role: 'user', content: 'the whale' },
    { role: 'assistant', content: 'saw.' },
  ]
  const line = JSON.stringify({ messages })
  await writeFile(join(folder.path, 'chat.jsonl'), `${line}\n`.repeat(10))
  const tune = ['tune', '--model', NAME, '--data', 'chat.jsonl', '--out', 'tuned', '--steps', '1']
  const tuned = await chatwright([...tune, '--context', '32', '--json'])
  expect(tuned.code, tuned.stderr).toBe(0)
  expect(hub.asked).toEqual([])
})

it.each([
  ['a model that is not there', ['pull', 'someone/else'], /no model someone\/else on the Hub/],
  ['another revision', ['pull', NAME, '--revision', 'v9'], /no revision 'v9'/],
  ['two revisions', ['pull', `${NAME}@a`, '--revision', 'b'], /no revision 'a@b'/],
  ['no name', ['pull'], /missing required argument 'name'/],
  ['a pattern', ['pull', NAME, '--include', '*.gguf'], /no file that matches \*\.gguf/],
  ['one name of two', ['push', 'model'], /missing required argument 'name'/],
  ['a name too many', ['push', 'model', NAME, 'more'], /too many arguments/],
  ['no folder', ['push', 'nowhere', NAME], /cannot read nowhere/],
  ['neither', ['generate', '--model', 'no/where'], /no folder no\/where, and there is no model/],
  ['a folder', ['inspect', './no/where'], /there is no folder \.\/no\/where/],
])('refuses %s', async (_, args, message) => {
  const { code, stdout, stderr } = await chatwright(args)
  expect(stderr).toMatch(message)
  expect(stderr).not.toMatch(/^ +at |hf_abc/m)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
})

it('ends in good order at Ctrl-C', async () => {
  hub.fault = ({ isStorage }) => (isStorage ? { stallAfter: 20_000 } : undefined)
  const { code, stderr } = await apart(['pull', NAME], {
    env: { HF_HUB_CACHE: join(folder.path, 'stopped') },
    onStart: (child) => {
      const timer = setInterval(() => {
        if (!hub.asked.some(({ isStorage }) => isStorage)) return
        clearInterval(timer)
        child.kill('SIGINT')
      }, 20)
    },
  })
  expect({ code, stderr }).toEqual({ code: 130, stderr: 'chatwright: interrupted\n' })
})
