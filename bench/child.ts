import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

export interface Command {
  file: string
  args: readonly string[]
  env?: NodeJS.ProcessEnv
}

const run = promisify(execFile)

/** Runs a process; its last line of output as JSON. Throws with its standard error if it fails. */
export async function runForJson({ file, args, env = process.env }: Command): Promise<unknown> {
  const { stdout } = await run(file, args, { env, maxBuffer: 2 ** 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

/** The built `NAME-child.js`: what is built is what runs, also when sources call this. */
export const childFile = (name: string): string => resolve(`build/bench/${name}-child.js`)

/** As `runForJson`, for one of our own child processes. */
export const runChild = (name: string, args: readonly string[]): Promise<unknown> =>
  runForJson({ file: process.execPath, args: [childFile(name), ...args] })

/** Does `work` in a temporary folder, which is removed afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'chatwright-bench-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}
