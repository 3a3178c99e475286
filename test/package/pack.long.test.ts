import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bookText } from '../cli/book.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const modules = join(ROOT, 'node_modules')

/**
 * An empty folder with the packed package installed, and of what is installed here only what it
 * declares.
 */
let folder: string
let tarball: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-pack-'))
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT })
  const [packed = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
  tarball = join(folder, packed)
  const installed = join(folder, 'node_modules', 'chatwright')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
  const declared = { ...manifest.dependencies, ...manifest.optionalDependencies }
  for (const name of [...Object.keys(declared), '@types/node']) {
    const target = join(folder, 'node_modules', name)
    await mkdir(dirname(target), { recursive: true })
    await symlink(join(modules, name), target, 'dir')
  }
  await writeFile(join(folder, 'package.json'), '{"type": "module"}')
  await writeFile(join(folder, 'book.txt'), bookText())
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

it('holds the built package, without tests or sources', async () => {
  const { stdout } = await run('tar', ['-tzf', tarball])
  const files = stdout.trim().split('\n')
  expect(files).toContain('package/dist/index.d.ts')
  expect(files).toContain('package/dist/cli/main.js')
  expect(files).toContain('package/README.zh-CN.md')
  expect(files.filter((file) => /\.test\.|(?<!\.d)\.ts$/.test(file))).toEqual([])
})

it('satisfies publint', async () => {
  const { messages, pkg } = await publint({ pkgDir: ROOT, pack: false, strict: true })
  expect(messages.map((message) => formatMessage(message, pkg ?? {}))).toEqual([])
})

it('has types for every way of importing it', async () => {
  const attw = join(modules, '.bin', 'attw')
  const { stdout } = await run(attw, [
    tarball,
    '--profile',
    'esm-only',
    '--no-emoji',
    '--format',
    'ascii',
  ])
  for (const entry of ['chatwright', 'chatwright/web']) {
    expect(stdout).toMatch(new RegExp(`"${entry}"\\s+node16 \\(from ESM\\): OK`))
  }
}, 120_000)

it("runs the README's example", async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? []
  const lines = example.split('\n').filter((line) => line.trim() !== '')
  expect(lines.length).toBeLessThanOrEqual(10)
  await writeFile(join(folder, 'example.ts'), example)
  const options = ['--target', 'es2023', '--module', 'nodenext', '--strict', '--types', 'node']
  await run(join(modules, '.bin', 'tsc'), [...options, 'example.ts'], { cwd: folder })
  const { stdout } = await run(process.execPath, ['example.js'], { cwd: folder })
  expect(stdout).toMatch(/^validation loss \d\.\d+\n.{50,}/s)
}, 120_000)

it('has an executable', async () => {
  const { bin, version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const executable = join(folder, 'node_modules', 'chatwright', bin.chatwright)
  expect((await run(process.execPath, [executable, '--version'])).stdout).toBe(`${version}\n`)
})
