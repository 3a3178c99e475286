import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { LONGEST, STREAMS } from './decode-task.ts'
import { Worker } from './worker.ts'

/** The peer's folder: there in the repository, not in the package. */
const PEERS = resolve('peers/')

/** The version of node-llama-cpp in `peers`, if it is installed. */
export async function findLlamaCpp(): Promise<string | undefined> {
  const path = join(PEERS, 'node_modules/node-llama-cpp/package.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text && (JSON.parse(text) as { version: string }).version
}

/** node-llama-cpp with a GGUF file, in a process of its own. */
export const startLlamaCpp = (model: string, threads: number): Promise<Worker> =>
  Worker.start(join(PEERS, 'llama-cpp.mjs'), [model, ...[threads, LONGEST, STREAMS].map(String)])
