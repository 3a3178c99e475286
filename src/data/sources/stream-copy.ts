import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeFile } from '../../files/node-file.ts'

/** A stream as a file, for what is read more than once. */
export interface StreamCopy {
  path: string
  remove(): Promise<void>
}

const PREFIX = 'chatwright-input-'

/**
 * Copies a stream into a temporary file. A process that a signal ends removes nothing, so copies of
 * processes that are gone are removed here.
 */
export async function copyStream(stream: AsyncIterable<Uint8Array>): Promise<StreamCopy> {
  await removeAbandoned()
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const remove = () => rm(folder, { recursive: true, force: true })
  const path = join(folder, 'input')
  try {
    await writeFile(path, stream)
  } catch (error) {
    await remove()
    throw error
  }
  return { path, remove }
}

async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : 0
    // Those of another user are not ours to remove.
    if (pid > 0 && !isRunning(pid))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {})
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
