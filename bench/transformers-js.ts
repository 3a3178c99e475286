import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { EncodeRequest } from './encode-task.ts'
import { Worker } from './worker.ts'

/** The peer's folder: there in the repository, not in the package. */
const PEERS = resolve('peers/')

/** The version of transformers.js in `peers`, if it is installed. */
export async function findTransformersJs(): Promise<string | undefined> {
  const path = join(PEERS, 'node_modules/@huggingface/transformers/package.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text && (JSON.parse(text) as { version: string }).version
}

/** transformers.js with an exported folder, in a process of its own. */
export const startTransformersJs = (
  folder: string,
  kind: EncodeRequest['kind'],
  threads: number,
): Promise<Worker> =>
  Worker.start(join(PEERS, 'transformers-js.mjs'), [folder, kind, String(threads)])
