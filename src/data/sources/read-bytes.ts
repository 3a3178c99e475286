import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { UserError } from '../../errors.ts'
import { fileError } from '../../files/file-error.ts'

const CHUNK = 2 ** 20

/**
 * A file's bytes, unzipped with `gzip`. Throws UserError when it cannot be read or is damaged, and
 * the signal's reason when it is aborted.
 */
export async function* readBytes(
  path: string,
  { gzip = false, signal }: { gzip?: boolean; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: CHUNK })
  const stream = gzip ? file.pipe(createGunzip({ chunkSize: CHUNK })) : file
  if (stream !== file) file.on('error', (error) => stream.destroy(error))
  try {
    for await (const chunk of stream) {
      signal?.throwIfAborted()
      yield chunk
    }
  } catch (error) {
    signal?.throwIfAborted()
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_')) {
      throw new UserError(`${path}: is not a whole gzip file (${(error as Error).message})`, {
        cause: error,
      })
    }
    throw fileError(error, `cannot read ${path}`)
  } finally {
    file.destroy()
  }
}
