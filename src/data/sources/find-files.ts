import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { UserError } from '../../errors.ts'
import { fileError } from '../../files/file-error.ts'
import type { Report } from './data-event.ts'
import { npmPackage, parseNpmSource } from './npm-package.ts'
import { reasonToLeaveOut, type SourceFile, sourceFile } from './source-file.ts'

export interface FindOptions {
  report: Report
  /** As the user named it; see `decodeText`. */
  encoding?: string | undefined
  /** The folder of the result, of which nothing is read. */
  own?: string | undefined
}

/**
 * The files of a source, in the order of their names:
 *
 * - a file: `book.txt`, `stories.jsonl` (its field `text`), `stories.jsonl#story`, `book.txt.gz`,
 *   `reviews.csv#review` (its column `review`)
 * - a folder: its text files, those of its folders too
 * - a pattern: `books/*.txt`
 * - a package of the npm registry, a file, folder or pattern in it: `npm:NAME[@VERSION][/PATH]`
 *
 * What a folder or a pattern has besides text is reported as left out, and so is all that lies in
 * the folder `own`, where the result goes. Throws UserError when nothing is found.
 */
export async function findFiles(source: string, options: FindOptions): Promise<SourceFile[]> {
  if (source === '') throw new UserError("a source is named ''; give a file or a folder")
  if (!source.startsWith('npm:')) return findIn(source, '', '', options)
  const { path, ...wanted } = parseNpmSource(source)
  const { folder, version } = await npmPackage({ ...wanted, path }, options.report)
  return findIn(path, folder, `npm:${wanted.name}@${version}/`, options)
}

/** Looks in folder `base`, or where `source` says when that is ''; names begin with `prefix`. */
async function findIn(
  source: string,
  base: string,
  prefix: string,
  { report, encoding, own }: FindOptions,
): Promise<SourceFile[]> {
  const [given, field] = await splitField(source, base)
  const path = join(base, given)
  const kind = await kindOf(path)
  if (kind === 'file') {
    const file = await sourceFile(prefix + given, path, { field, encoding })
    if (field === undefined || file.format !== 'text') return [file]
    throw new UserError(
      `${prefix}${source}: names a field, but ${given} is plain text, not .jsonl, .json, .csv ` +
        'or .tsv',
    )
  }
  const nameOf = (file: string) =>
    prefix + (base ? relative(base, file) : file).replaceAll(sep, '/')
  const leaveOut = (file: string, reason: string) =>
    report({ kind: 'left-out', name: nameOf(file), reason })
  const isOwn = await isWithin(own)
  let found: string[]
  if (kind === 'folder') found = await walk(path, leaveOut, isOwn)
  else if (isDynamicPattern(given)) {
    const pattern = process.platform === 'win32' ? given.replaceAll('\\', '/') : given
    const absolute = base !== '' || isAbsolute(given)
    const matched = await glob(pattern, { cwd: base || '.', absolute, expandDirectories: false })
    found = []
    for (const file of matched) if (!(await isOwn(dirname(file)))) found.push(file)
    if (own !== undefined && found.length < matched.length) leaveOut(own, OWN)
  } else {
    throw new UserError(
      `${prefix}${given}: there is no such file or folder; give a file, a folder, a pattern such ` +
        "as 'books/*.txt', npm:PACKAGE/PATH, or - for standard input",
    )
  }
  const files: SourceFile[] = []
  for (const file of found) {
    const reason = await reasonToLeaveOut(file, { inFolder: kind === 'folder', encoding })
    if (reason) leaveOut(file, reason)
    else files.push(await sourceFile(nameOf(file), file, { field, encoding }))
  }
  files.sort((a, b) => (a.name < b.name ? -1 : 1))
  if (files.length > 0) return files
  const outside =
    own === undefined
      ? ''
      : ` outside of ${own}, where the result goes; name files, or choose another --out`
  throw new UserError(`${prefix}${given}: no text files were found there${outside}`)
}

const OWN = 'it lies where the result goes'

/** Tells whether a folder is `own` or lies in it, whatever links lead there. */
async function isWithin(own: string | undefined): Promise<(folder: string) => Promise<boolean>> {
  const real = (path: string) => realpath(path).catch(() => resolve(path))
  if (own === undefined) return async () => false
  const root = (await real(own)) + sep
  const known = new Map<string, Promise<boolean>>()
  return (folder) => {
    const answer = known.get(folder) ?? real(folder).then((path) => (path + sep).startsWith(root))
    known.set(folder, answer)
    return answer
  }
}

/** `PATH#FIELD` taken apart, unless there is a file of that whole name. */
async function splitField(source: string, base: string): Promise<[string, string | undefined]> {
  const at = source.lastIndexOf('#')
  if (at === -1 || (await kindOf(join(base, source)))) return [source, undefined]
  return [source.slice(0, at), source.slice(at + 1)]
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A pattern may hold characters that Windows allows in no path.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL') return undefined
    throw fileError(error, `cannot read ${path}`)
  }
}

/** All files of a folder, without dotfiles, installed packages and links to folders. */
async function walk(
  folder: string,
  leaveOut: (name: string, reason: string) => void,
  isOwn: (folder: string) => Promise<boolean>,
  files: string[] = [],
): Promise<string[]> {
  if (await isOwn(folder)) {
    leaveOut(folder, OWN)
    return files
  }
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    throw fileError(error, `cannot read ${folder}`)
  })
  for (const entry of entries) {
    const path = join(folder, entry.name)
    const kind = entry.isSymbolicLink() ? await kindOf(path) : undefined
    if (entry.name.startsWith('.')) leaveOut(path, 'its name begins with a dot')
    else if (entry.name === 'node_modules') leaveOut(path, 'it holds installed packages')
    else if (kind === 'folder') leaveOut(path, 'it is a link to a folder')
    else if (entry.isDirectory()) await walk(path, leaveOut, isOwn, files)
    else if (entry.isFile() || kind === 'file') files.push(path)
    else leaveOut(path, 'it is not a file')
  }
  return files
}
