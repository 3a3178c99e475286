import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TINY, workFolder } from './book.ts'
import { lastJson, run } from './run.ts'

let folder: Awaited<ReturnType<typeof workFolder>>
beforeAll(async () => {
  folder = await workFolder()
}, 60_000)
afterAll(() => folder.remove())

const LENGTH = ['--steps', '400', '--eval-every', '20']

it('saves at Ctrl-C, and resumes to the same result as without a break', async () => {
  let sent = false
  const broken = await run([...TINY, ...LENGTH, '--out', 'broken'], {
    cwd: folder.path,
    onStderr: (stderr, child) => {
      if (sent || !/\b40\/400/.test(stderr)) return
      sent = true
      child.kill('SIGINT')
    },
  })
  expect(broken.code, broken.stderr).toBe(130)
  const step = Number(/saved at step (\d+)/.exec(broken.stderr)?.[1])
  expect(step).toBeGreaterThanOrEqual(40)
  expect(step).toBeLessThan(400)
  const command = /^ +chatwright (.*)$/m.exec(broken.stderr)?.[1] ?? ''
  expect(command).toMatch(/--resume$/)
  const resumed = await run([...command.split(' '), '--json'], { cwd: folder.path })
  expect(resumed.code, resumed.stderr).toBe(0)
  const whole = await run([...TINY, ...LENGTH, '--out', 'whole', '--json'], { cwd: folder.path })
  expect(lastJson(resumed)).toMatchObject({ steps: 400, loss: lastJson(whole).loss })
}, 120_000)

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  const tiny = ['--heads', '2', '--dim', '32']
  it.each([
    ['train', ...tiny, '--out', 'reading'],
    ['tokenizer', 'train', '--out', 'reading'],
    ['eval', '--model', 'whole'],
    ['predict', '--model', 'whole'],
  ])('ends %s at once while it prepares data', async (...args) => {
    const { code: found } = await run([...args, '--data', '-'], {
      cwd: folder.path,
      input: null,
      // More than a pipe holds: once it is written, the command reads, and waits for more.
      onStart: (child) => child.stdin?.write('text\n'.repeat(100_000), () => child.kill(signal)),
    })
    expect(found).toBe(code)
  })

  it('ends generate with what it has', async () => {
    // Drawn by chance, the end token would come at some point.
    const length = ['--max-tokens', '1000000', '--temperature', '0']
    const args = ['generate', '--model', 'whole', ...length]
    const { code: found, stdout } = await run(args, {
      cwd: folder.path,
      onStart: (child) => child.stdout?.once('data', () => child.kill(signal)),
    })
    expect({ code: found, lastLine: stdout.slice(-1) }).toEqual({ code, lastLine: '\n' })
  })
})

it('refuses to begin anew where a training stands', async () => {
  const again = await run([...TINY, ...LENGTH, '--out', 'broken'], { cwd: folder.path })
  expect(again.code).toBe(1)
  expect(again.stderr).toMatch(/--resume/)
})
