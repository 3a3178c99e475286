import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { writeFile } from '../../files/node-file.ts'
import { type FindOptions, findFiles } from './find-files.ts'
import { holdsRecords, type SourceFile, TEXT_FIELD } from './source-file.ts'

export interface LocatedSources {
  /** The files of each source. */
  readonly groups: readonly (readonly SourceFile[])[]
  /** Removes the copies of streams. */
  close(): Promise<void>
}

/**
 * The files of several sources, in order. Streams (standard input, named pipes, a shell's
 * `<(command)`) are first copied to temporary files, since data is read more than once.
 */
export async function locateSources(
  sources: readonly string[],
  { stdin, ...search }: FindOptions & { stdin?: AsyncIterable<Uint8Array> | undefined },
): Promise<LocatedSources> {
  const copies: StreamCopy[] = []
  const close = async () => {
    for (const copy of copies) await copy.remove()
  }
  const copyOf = async (stream: AsyncIterable<Uint8Array>): Promise<string> => {
    const copy = await copyStream(stream)
    copies.push(copy)
    return copy.path
  }
  const locate = async (source: string): Promise<SourceFile[]> => {
    if (isStandardInput(source)) {
      const path = await copyOf(stdin ?? process.stdin)
      const field = source.slice(2) || undefined
      const isJson = field !== undefined || (await holdsRecords(path, search.encoding))
      if (isJson && field === undefined) search.report({ kind: 'json-lines' })
      return [copiedFile('-', path, { isJson, field })]
    }
    if (await isPipe(source)) return [copiedFile(source, await copyOf(createReadStream(source)))]
    return findFiles(source, search)
  }
  if (sources.length === 0) throw new UserError('no data was named; give a file or a folder')
  if (sources.filter(isStandardInput).length > 1) {
    throw new UserError("standard input, '-', can be read only once; name it once")
  }
  const groups: SourceFile[][] = []
  try {
    for (const source of sources) groups.push(await locate(source))
  } catch (error) {
    await close()
    throw error
  }
  return { groups, close }
}

const isStandardInput = (source: string): boolean => source === '-' || source.startsWith('-#')

const copiedFile = (
  name: string,
  path: string,
  { isJson = false, field = TEXT_FIELD }: { isJson?: boolean; field?: string | undefined } = {},
): SourceFile => ({ name, path, format: isJson ? 'jsonl' : 'text', gzip: false, field })

const isPipe = async (source: string): Promise<boolean> => {
  const found = await stat(source).catch(() => undefined)
  return found !== undefined && !found.isFile() && !found.isDirectory()
}

/** A copy of a stream in a file, since data is read more than once. */
export interface StreamCopy {
  path: string
  remove(): Promise<void>
}

const PREFIX = 'chatwright-input-'

/**
 * Copies a stream into a temporary file. A process that a signal ends removes nothing, so copies of
 * processes that are gone are removed here.
 */
async function copyStream(stream: AsyncIterable<Uint8Array>): Promise<StreamCopy> {
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
