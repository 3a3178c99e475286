import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
const BUILDING = 'Building Chatwright, once after each change of its sources.\n'

/** A clone of two sources, whose executable prints the word that `src/word.ts` exports. */
let clone: string
const write = (name: string, content: string) => writeFileSync(join(clone, name), content)
const options = () => ({ cwd: clone, encoding: 'utf8' }) as const
const execute = (name = 'chatwright'): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [`bin/${name}.cjs`], options())
const temporaries = () => readdirSync(clone).filter((name) => name.startsWith('dist.'))

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'chatwright-clone-'))
  mkdirSync(join(clone, 'src/cli'), { recursive: true })
  cpSync(join(REPOSITORY, 'bin'), join(clone, 'bin'), { recursive: true })
  symlinkSync(join(REPOSITORY, 'node_modules'), join(clone, 'node_modules'), 'dir')
  write('package.json', '{"type": "module"}')
  const compilerOptions = { module: 'nodenext', lib: ['es5'], rootDir: 'src', types: [] }
  write('tsconfig.build.json', JSON.stringify({ compilerOptions, include: ['src'] }))
  write(
    'src/cli/main.ts',
    "import { word } from '../word.js'\ndeclare const console: any\nconsole.log(word)\n",
  )
  write('src/word.ts', "export const word: string = 'first'\n")
})
afterEach(() => rmSync(clone, { recursive: true, force: true }))

it('builds at the first call and after each change, and only then', () => {
  expect(execute()).toMatchObject({ status: 0, stdout: 'first\n', stderr: BUILDING })
  expect(execute()).toMatchObject({ status: 0, stdout: 'first\n', stderr: '' })
  write('src/word.ts', "export const word: string = 'second'\n")
  expect(execute()).toMatchObject({ status: 0, stdout: 'second\n', stderr: BUILDING })
  expect(execute('build')).toMatchObject({ status: 0, stdout: '', stderr: '' })
  expect(execute()).toMatchObject({ status: 0, stdout: 'second\n', stderr: '' })
  expect(temporaries()).toEqual([])
})

it('rebuilds a dist without a stamp and drops what no source makes', () => {
  mkdirSync(join(clone, 'dist/cli'), { recursive: true })
  write('dist/cli/main.js', "import '../word.js'")
  write('dist/gone.js', '')
  expect(execute()).toMatchObject({ status: 0, stdout: 'first\n', stderr: BUILDING })
  expect(readdirSync(join(clone, 'dist')).sort()).toEqual(['.sources', 'cli', 'word.js'])
})

it('removes the folders of killed builds, and no others', () => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  const running = `dist.${process.pid}.0a1b2c`
  for (const name of [`dist.${pid}.0a1b2c`, `dist.${pid}.3d4e5f.old`, running, 'dist.mine']) {
    mkdirSync(join(clone, name))
  }
  expect(execute('build').status).toBe(0)
  expect(temporaries().sort()).toEqual([running, 'dist.mine'])
})

it('fails at each call while there is a type error, and leaves dist as it was', () => {
  execute()
  const built = () => readFileSync(join(clone, 'dist/word.js'), 'utf8')
  const before = built()
  write('src/word.ts', 'export const word: string = 3\n')
  for (const name of ['chatwright', 'chatwright', 'build']) {
    const { status, stdout, stderr } = execute(name)
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/TS2322.*\nChatwright was not built: see above. dist is as it was.\n$/s)
  }
  expect(built()).toBe(before)
  expect(temporaries()).toEqual([])
})

it.each(['absent', 'stale'])('runs three first calls at once when dist is %s', async (state) => {
  if (state === 'stale') {
    execute()
    write('src/word.ts', "export const word: string = 'second'\n")
  }
  const calls = Array.from({ length: 3 }, async () => {
    const child = spawn(process.execPath, ['bin/chatwright.cjs'], { cwd: clone })
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    return { code, output }
  })
  const expected = { code: 0, output: state === 'stale' ? 'second\n' : 'first\n' }
  expect(await Promise.all(calls)).toEqual([expected, expected, expected])
  expect(temporaries()).toEqual([])
})

it('builds once for a source from the future, and still sees later changes', () => {
  const future = Date.now() / 1000 + 1e6
  utimesSync(join(clone, 'src/cli/main.ts'), future, future)
  expect(execute()).toMatchObject({ stdout: 'first\n', stderr: BUILDING })
  expect(execute()).toMatchObject({ stdout: 'first\n', stderr: '' })
  write('src/word.ts', "export const word: string = 'second'\n")
  expect(execute()).toMatchObject({ stdout: 'second\n', stderr: BUILDING })
})

it('says in one line that TypeScript is missing', () => {
  rmSync(join(clone, 'node_modules'))
  const reason = `TypeScript, which builds Chatwright, is missing: run \`npm ci --include=dev\` in`
  const { status, stderr } = execute()
  expect({ status, stderr }).toEqual({ status: 1, stderr: `${BUILDING}${reason} ${clone}.\n` })
})

it('runs without the build in a package, which has no sources', () => {
  execute()
  rmSync(join(clone, 'src'), { recursive: true })
  rmSync(join(clone, 'bin/build.cjs'))
  expect(execute()).toMatchObject({ status: 0, stdout: 'first\n', stderr: '' })
})
