import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { readWhole } from '../files/read-whole.ts'
import { newestCheckpoint, promoteCheckpoint, saveCheckpoint } from './checkpoint-files.ts'

const LONG = Boolean(process.env.CHECK_LONG)

/** Operations on the disk still allowed; the next one calls `stop`, and never returns. */
const disk = vi.hoisted(() => ({
  operations: Infinity,
  stop: () => {},
  handles: new Set<{ close(): Promise<void> }>(),
}))

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const stopping =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> => {
      if (disk.operations-- > 0) return operation(...args)
      disk.stop()
      return new Promise<R>(() => {})
    }
  const open = async (...args: Parameters<typeof real.open>) => {
    const handle = await real.open(...args)
    disk.handles.add(handle)
    handle.write = stopping(handle.write.bind(handle)) as typeof handle.write
    // What is written survives a kill; only a loss of power asks for more, and it takes its time.
    handle.sync = stopping(async () => {})
    return handle
  }
  const { rename, rm, mkdir, link } = real
  return {
    ...real,
    open: stopping(open),
    rename: stopping(rename),
    rm: stopping(rm),
    mkdir: stopping(mkdir),
    link: stopping(link),
  }
})

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
})
afterAll(() => rm(folder, { recursive: true }))

const MODEL_FILES = ['config.json', 'tokenizer.json', 'model.safetensors']

/** Files that all name their step; those beside the weights change only when `kind` does. */
const filesOf = (step: number, kind: string) => ({
  'config.json': kind,
  'tokenizer.json': kind,
  'model.safetensors': `${kind} ${step} `.repeat(1000),
  'training_state.json': `${step}`,
})

/** Steps of one model, a step saved again, then steps of another model in the same folder. */
const PLAN = [
  [1, 'small'],
  [2, 'small'],
  [2, 'small'],
  [3, 'large'],
  [4, 'large'],
] as const

const text = (...path: string[]) => readFile(join(...path), 'utf8').catch(() => undefined)

/** What must hold in `out` after a kill: `saved` and `promoted` are the last steps reported. */
const checkUsable = async (out: string, saved: number, promoted: number): Promise<void> => {
  const newest = await newestCheckpoint(out)
  expect(newest?.step ?? 0).toBeGreaterThanOrEqual(saved)
  if (newest) {
    const kind = (await text(newest.folder, 'config.json')) ?? ''
    for (const [name, expected] of Object.entries(filesOf(newest.step, kind))) {
      expect(await text(newest.folder, name)).toBe(expected)
    }
  }
  const before = await text(out, 'model.safetensors')
  if (before !== undefined) expect(before).toContain(`${await text(out, 'config.json')} `)

  // A reader has one whole model, and changes nothing.
  const list = () => readdir(out, { recursive: true }).catch(() => [])
  const names = await list()
  const model = await readWhole(out, async (root) => {
    const texts = MODEL_FILES.map(async (name) => [name, await text(root, name)] as const)
    return Object.fromEntries(await Promise.all(texts))
  })
  expect(await list()).toEqual(names)
  const weights = model.value['model.safetensors']
  if (weights === undefined) expect(promoted).toBe(0)
  else {
    const [kind = '', step = ''] = weights.split(' ')
    expect(Number(step)).toBeGreaterThanOrEqual(promoted)
    for (const name of MODEL_FILES)
      expect(model.value[name]).toBe(filesOf(Number(step), kind)[name as 'config.json'])
  }
}

it('a kill at any operation on the disk leaves a usable checkpoint and model', async () => {
  const out = join(folder, 'stopped')
  let [saved, promoted] = [0, 0]
  const train = async () => {
    for (const [step, kind] of PLAN) {
      const checkpoint = await saveCheckpoint(out, step, filesOf(step, kind), { keep: 1 })
      saved = step
      await promoteCheckpoint(out, checkpoint, MODEL_FILES)
      promoted = step
    }
    return 'done'
  }
  let outcome = 'stopped'
  let operations = 0
  for (; outcome === 'stopped'; operations += LONG ? 1 : 3) {
    ;[saved, promoted] = [0, 0]
    const stopped = new Promise<string>((resolve) => {
      disk.stop = () => resolve('stopped')
    })
    disk.operations = operations
    outcome = await Promise.race([train(), stopped])
    disk.operations = Infinity
    for (const handle of disk.handles) await handle.close()
    disk.handles.clear()
    await checkUsable(out, saved, promoted)
    if (outcome === 'stopped' && operations % 2 === 0) {
      // A later run clears up and goes on, in every other case; else the next starts afresh.
      await train()
      await checkUsable(out, 4, 4)
      expect(await readdir(join(out, 'checkpoints'))).toEqual(['step-4'])
      expect((await readdir(out)).sort()).toEqual(['checkpoints', ...MODEL_FILES.toSorted()])
    }
    await rm(out, { recursive: true, force: true })
  }
  expect(operations).toBeGreaterThan(150)
}, 300_000)

const CHILD = `
import { writeSync } from 'node:fs'
import { promoteCheckpoint, saveCheckpoint } from './train/checkpoint-files.js'
const [out, first] = process.argv.slice(2)
for (let step = Number(first); ; step++) {
  const kind = step % 4 < 2 ? 'even' : 'odd'
  const files = {
    'config.json': kind,
    'tokenizer.json': kind,
    'model.safetensors': (kind + ' ' + step + ' ').repeat(1000),
    'training_state.json': String(step),
  }
  const checkpoint = await saveCheckpoint(out, step, files, { keep: 1 })
  writeSync(1, 'saved ' + step + '\\n')
  await promoteCheckpoint(out, checkpoint, ['config.json', 'tokenizer.json', 'model.safetensors'])
  writeSync(1, 'promoted ' + step + '\\n')
}
`

it('SIGKILL at random instants, again and again, does too', async () => {
  const repository = fileURLToPath(new URL('../..', import.meta.url))
  const compiled = await mkdtemp(join(repository, 'node_modules/.checkpoint-kill-'))
  let child: ChildProcess | undefined
  try {
    const source = join(repository, 'src/train/checkpoint-files.ts')
    const options = '--ignoreConfig --module nodenext --target es2023 --skipLibCheck --types node'
    const imports = '--rewriteRelativeImportExtensions'
    const tsc = join(repository, 'node_modules/typescript/bin/tsc')
    const root = ['--rootDir', join(repository, 'src'), '--outDir', compiled]
    execFileSync(process.execPath, [tsc, ...`${options} ${imports}`.split(' '), ...root, source])
    await writeFile(join(compiled, 'package.json'), '{"type":"module"}')
    await writeFile(join(compiled, 'child.js'), CHILD)

    const out = join(folder, 'killed')
    let [saved, promoted] = [0, 0]
    for (let round = 0; round < (LONG ? 200 : 6); round++) {
      let output = ''
      child = spawn(process.execPath, [join(compiled, 'child.js'), out, String(saved + 1)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      child.stdout?.on('data', (data) => {
        output += data
      })
      const closed = new Promise((resolve) => child?.once('close', resolve))
      await new Promise((resolve) => child?.stdout?.once('data', resolve))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
      child.kill('SIGKILL')
      await closed
      expect(child.signalCode).toBe('SIGKILL')
      for (const [, word, step] of output.matchAll(/(saved|promoted) (\d+)\n/g)) {
        if (word === 'saved') saved = Number(step)
        else promoted = Number(step)
      }
      await checkUsable(out, saved, promoted)
    }
    expect(saved).toBeGreaterThan(6)
  } finally {
    child?.kill('SIGKILL')
    await rm(compiled, { recursive: true })
  }
}, 300_000)
