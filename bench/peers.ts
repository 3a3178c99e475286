import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { LONGEST, STREAMS } from './decode-task.ts'
import type { EncodeRequest } from './encode-task.ts'
import { Worker } from './worker.ts'

/** Programs to compare with: a folder of the repository, not of the package. */
const PEERS = resolve('peers/')

/** The version of a package in `peers`, if it is installed. */
async function findPeer(name: string): Promise<string | undefined> {
  const path = join(PEERS, 'node_modules', name, 'package.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text && (JSON.parse(text) as { version: string }).version
}

export const findLlamaCpp = (): Promise<string | undefined> => findPeer('node-llama-cpp')

/** node-llama-cpp with a GGUF file, in a process of its own. */
export const startLlamaCpp = (model: string, threads: number): Promise<Worker> =>
  Worker.start(join(PEERS, 'llama-cpp.mjs'), [model, ...[threads, LONGEST, STREAMS].map(String)])

export const findTransformersJs = (): Promise<string | undefined> =>
  findPeer('@huggingface/transformers')

/** transformers.js with an exported folder, in a process of its own. */
export const startTransformersJs = (
  folder: string,
  kind: EncodeRequest['kind'],
  threads: number,
): Promise<Worker> =>
  Worker.start(join(PEERS, 'transformers-js.mjs'), [folder, kind, String(threads)])
