import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

/** The executable as it is built. */
export const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface Finished {
  /** As a shell has it: 128 and the number of the signal that ended the process. */
  code: number | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  /** What standard input holds; nothing by default. `null` leaves it open. */
  input?: string | Uint8Array | null
  cwd?: string
  /** The executable of Node: by default the one that runs the tests. */
  node?: string
  env?: Record<string, string>
  /** The user that it runs as, where the tests may choose one. */
  uid?: number
  onStart?(child: ChildProcess): void
  /** Sees all of standard error at each piece of it. */
  onStderr?(stderr: string, child: ChildProcess): void
}

/** Runs `chatwright` with arguments, in a process of its own, to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { input = '', cwd, node = process.execPath, env, uid, onStart, onStderr } = options
  const child = spawn(node, [CLI, ...args], {
    cwd,
    uid,
    env: { ...process.env, LC_ALL: 'C', NO_COLOR: '1', ...env },
  })
  onStart?.(child)
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
    onStderr?.(stderr, child)
  })
  child.stdin.on('error', () => {})
  if (input !== null) child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (exit, signal) => {
      const code = signal ? 128 + constants.signals[signal] : exit
      resolve({ code, stdout, stderr })
    })
  })
}

/** The object on the last line of standard output. */
export const lastJson = ({ stdout }: Finished) =>
  JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
