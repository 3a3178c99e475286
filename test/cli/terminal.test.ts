import { spawn, spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TINY, workFolder } from './book.ts'
import { CLI, run } from './run.ts'

/** util-linux's `script` gives a program a terminal. */
const hasScript = spawnSync('script', ['--version']).stdout?.includes('util-linux') ?? false

let folder: Awaited<ReturnType<typeof workFolder>>
beforeAll(async () => {
  folder = await workFolder()
  const trained = await run([...TINY, '--out', 'model', '--steps', '20'], { cwd: folder.path })
  expect(trained.code, trained.stderr).toBe(0)
}, 60_000)
afterAll(() => folder.remove())

it.skipIf(!hasScript)('stops an answer at Ctrl-C, and leaves at the second', async () => {
  // Greedy decoding: a model that has hardly learned would draw the end token at some point.
  const options = '--temperature 0 --max-tokens 1000000'
  const command = `stty cols 80 rows 30; ${process.execPath} ${CLI} chat --model model ${options}`
  const terminal = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: folder.path,
    env: { ...process.env, LC_ALL: 'C', NO_COLOR: '1' },
  })
  let shown = ''
  terminal.stdout.setEncoding('utf8').on('data', (text) => {
    shown += text
  })
  const closed = new Promise((resolve) => terminal.on('close', resolve))
  /** Waits until the terminal shows it, after what was seen before. */
  const see = async (text: string) => {
    while (!shown.includes(text)) await new Promise((resolve) => setTimeout(resolve, 20))
    shown = shown.slice(shown.indexOf(text) + text.length)
  }
  const CONTROL_C = '\u0003'

  await see('> ')
  terminal.stdin.write('the whale\\\r')
  await see('. ')
  terminal.stdin.write('saw\r')
  await see('the whale\r\nsaw')
  while (shown.length < 300) await new Promise((resolve) => setTimeout(resolve, 20))
  terminal.stdin.write(CONTROL_C)
  await see('[stopped]')
  await see('> ')
  terminal.stdin.write(CONTROL_C)
  expect(await closed).toBe(0)
})
