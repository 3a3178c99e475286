import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface Command {
  file: string
  args: readonly string[]
  env?: NodeJS.ProcessEnv
}

const run = promisify(execFile)

/**
 * Runs a process; its last line of output as JSON. Throws with what it complained of when it fails.
 */
export async function runForJson({ file, args, env = process.env }: Command): Promise<unknown> {
  const { stdout } = await run(file, args, { env, maxBuffer: 2 ** 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}
