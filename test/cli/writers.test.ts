import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newestCheckpoint } from '../../src/train/checkpoint-files.ts'
import { TINY, workFolder } from './book.ts'
import { CLI, type RunOptions, run } from './run.ts'

let folder: Awaited<ReturnType<typeof workFolder>>
const chatwright = (args: readonly string[], options: RunOptions = {}) =>
  run(args, { cwd: folder.path, ...options })
const at = (...path: string[]) => join(folder.path, ...path)

/** The files of a folder, their sizes and times of writing. */
const contents = async (path: string) => {
  const names = (await readdir(path, { recursive: true })).sort()
  const files = names.map(async (name) => {
    const found = await stat(join(path, name))
    // A lock that comes and goes is seen in its folder's time.
    return [name, found.isFile() && [found.size, found.mtimeMs]]
  })
  return Promise.all(files)
}

beforeAll(async () => {
  folder = await workFolder()
  const trained = await chatwright([...TINY, '--steps', '2', '--out', 'model'])
  expect(trained.code, trained.stderr).toBe(0)
  // A model as it is received from elsewhere: no training stands there.
  await cp(at('model'), at('given'), { recursive: true })
  for (const name of ['checkpoints', 'data', 'metrics.jsonl', 'tensorboard', 'loss.svg'])
    await rm(at('given', name), { recursive: true })
  const chat = {
    messages: ['a', 'b'].map((content, i) => ({ role: i ? 'assistant' : 'user', content })),
  }
  await writeFile(at('chat.jsonl'), `${JSON.stringify(chat)}\n`.repeat(4))
}, 60_000)
afterAll(() => folder.remove())

describe('what stands there is not replaced by', () => {
  it.each([
    ['train', [...TINY, '--steps', '2', '--out', 'given'], 'given holds a model'],
    [
      'train, of a training',
      [...TINY, '--steps', '2', '--out', 'model'],
      'resume it with --resume',
    ],
    [
      'tune',
      ['tune', '--model', 'model', '--data', 'chat.jsonl', '--out', 'given'],
      'holds a model',
    ],
    [
      'tokenizer train',
      ['tokenizer', 'train', '--data', 'book.txt', '--out', 'given'],
      'not empty',
    ],
    ['import', ['import', 'model', '--out', 'given'], 'not empty'],
    ['export', ['export', 'model', '--format', 'huggingface', '--out', 'given'], 'not empty'],
    ['export of a file', ['export', 'model', '--format', 'gguf', '--out', 'book.txt'], 'already'],
  ])('%s', async (_, args, message) => {
    const before = await contents(folder.path)
    const { code, stderr } = await chatwright(args)
    expect(stderr).toContain(message)
    expect(code).toBe(1)
    expect(await contents(folder.path)).toEqual(before)
  })
})

it('one training at a time writes a folder', async () => {
  let second: Promise<{ code: number | null; stderr: string }> | undefined
  const args = [...TINY, '--steps', '3000', '--out', 'shared']
  const first = await chatwright(args, {
    onStderr: (stderr, child) => {
      if (second || !/\b\d+\/3000/.test(stderr)) return
      second = chatwright(args).finally(() => child.kill('SIGINT'))
    },
  })
  expect(await second).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/another run of Chatwright is writing shared; wait until it/),
  })
  expect(first.code, first.stderr).toBe(130)
  expect((await readdir(at('shared'))).includes('.lock')).toBe(false)
}, 60_000)

it('a byte that changed in a checkpoint or in the data is seen on resumption', async () => {
  await cp(at('shared'), at('damaged'), { recursive: true })
  const { step } = (await newestCheckpoint(at('damaged'))) ?? {}
  const resume = () => chatwright([...TINY, '--steps', '3000', '--out', 'damaged', '--resume'])
  const flip = async (path: string) => {
    const bytes = await readFile(path)
    const middle = bytes.length >> 1
    bytes[middle] = (bytes[middle] as number) ^ 1
    await writeFile(path, bytes)
  }
  const state = at('damaged/checkpoints', `step-${step}`, 'training_state.safetensors')
  await flip(state)
  expect(await resume()).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      `step-${step} is damaged: training_state.safetensors has other bytes than were written`,
    ),
  })
  await flip(state)
  await flip(at('damaged/data/train.tokens.bin'))
  expect(await resume()).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('train.tokens.bin has other bytes than were written'),
  })
}, 60_000)

describe.skipIf(process.platform !== 'linux')('the disk', () => {
  /** Root may read and write everything. */
  const uid = process.getuid?.() === 0 ? 65534 : undefined
  const asUser = (args: readonly string[]) =>
    chatwright(args, { uid, env: { HOME: at('home'), XDG_CACHE_HOME: at('home') } })

  it('may be read only: a model runs from a folder that cannot be written', async () => {
    await chmod(folder.path, 0o755)
    await cp(at('given'), at('closed'), { recursive: true })
    await chmod(at('closed'), 0o555)
    const args = ['generate', '--model', 'closed', '--prompt', 'the', '--max-tokens', '2']
    const { code, stderr } = await asUser(args)
    expect(code, stderr).toBe(0)
  })

  it('may refuse to be read or written, and it is said which', async () => {
    await mkdir(at('shut'))
    await chmod(at('shut'), 0)
    await mkdir(at('full'))
    await chmod(at('full'), 0o555)
    for (const [args, message] of [
      [['inspect', 'shut'], 'cannot read shut: permission denied'],
      [['eval', '--model', 'given', '--data', 'shut'], 'cannot read shut: permission denied'],
      [[...TINY, '--out', 'full'], 'cannot write full: permission denied'],
      [[...TINY, '--out', 'full/new'], 'cannot make the folder full/new: permission denied'],
      [
        ['export', 'given', '--format', 'gguf', '--out', 'full/m.gguf'],
        'cannot write full/m.gguf: permission denied',
      ],
      [['inspect', 'x'.repeat(300)], 'the name is too long'],
      [['tokenizer', 'encode', '--tokenizer', 'book.txt/x', 'a'], 'book.txt/x'],
    ] as const) {
      const { code, stderr } = await asUser(args)
      expect(stderr).toContain(message)
      expect([code, stderr.trim().split('\n').length]).toEqual([1, 1])
    }
  }, 60_000)

  it.each(['inspect given', 'generate --model given --prompt the --max-tokens 3'])(
    'may have no room for standard output: %s',
    async (args) => {
      const command = `'${process.execPath}' '${CLI}' ${args} > /dev/full`
      const failed = await promisify(execFile)('sh', ['-c', command], { cwd: folder.path }).catch(
        (error) => error,
      )
      expect(failed.stderr).toBe(
        'chatwright: cannot write to standard output: the disk is full; free some space and run ' +
          'again\n',
      )
      expect(failed.code).toBe(1)
    },
  )
})
