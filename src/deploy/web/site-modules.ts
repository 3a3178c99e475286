import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A site's modules: their files, and the import map that leads to them. */
export interface SiteModules {
  /** Files to copy, by where they lie in the site. */
  files: Map<string, string>
  /** Files that are made. */
  made: Map<string, string>
  /** Address of each package, by the name that it is imported by. */
  imports: Record<string, string>
  /** Addresses of the modules. */
  modules: string[]
  /** Address of the entry. */
  entry: string
}

/** Static imports and re-exports, and `import('...')`, in what a compiler writes. */
const IMPORT =
  /^(?:import|export)\b(?:[^'"()]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm

/** Of protobuf.js, which is CommonJS, the build for pages. */
const PROTOBUF = 'protobufjs/minimal.js'
const PROTOBUF_MODULE = `import './dist/minimal/protobuf.min.js'
export const { Reader, Writer } = globalThis.protobuf
`

/** WebAssembly that builds of onnxruntime-web look for beside them. */
const BESIDE: Readonly<Record<string, string>> = {
  'onnxruntime-web/wasm': 'ort-wasm-simd-threaded.wasm',
  'onnxruntime-web/webgpu': 'ort-wasm-simd-threaded.asyncify.wasm',
}

/**
 * All that the module `entry` imports, of this package below `root` and of others. `leaveOut`:
 * packages that the site can do without.
 */
export async function siteModules(
  entry: string,
  { root, leaveOut }: { root: string; leaveOut: readonly string[] },
): Promise<SiteModules> {
  const files = new Map<string, string>()
  const made = new Map<string, string>()
  const imports: Record<string, string> = {}
  const modules: string[] = []
  const folders = new Set<string>()

  async function visit(path: string, place: string): Promise<void> {
    if (files.has(place)) return
    files.set(place, path)
    modules.push(place)
    // Those are one file, with much that only looks like an import.
    if (place.includes('onnxruntime-web')) return
    for (const [, fixed, dynamic] of (await readFile(path, 'utf8')).matchAll(IMPORT)) {
      const name = (fixed ?? dynamic) as string
      if (!name.startsWith('.')) await visitPackage(name)
      else await visit(resolve(dirname(path), name), posix(join(dirname(place), name)))
    }
  }

  async function visitPackage(name: string): Promise<void> {
    if (imports[`${name}`] || leaveOut.includes(name)) return
    const path = fileURLToPath(import.meta.resolve(name))
    const owner = name.split('/', name.startsWith('@') ? 2 : 1).join('/')
    const folder = path.slice(0, path.lastIndexOf(join('node_modules', owner)))
    const home = join(folder, 'node_modules', owner)
    const placeOf = (file: string) => `packages/${owner}/${posix(relative(home, file))}`
    if (!folders.has(owner)) await addLicenses(home, owner)
    folders.add(owner)
    if (name === PROTOBUF) {
      const build = join(home, 'dist/minimal/protobuf.min.js')
      files.set(placeOf(build), build)
      made.set(placeOf(path), PROTOBUF_MODULE)
      modules.push(placeOf(build), placeOf(path))
    } else {
      imports[name] = `./${placeOf(path)}`
      await visit(path, placeOf(path))
    }
    imports[name] = `./${placeOf(path)}`
    const beside = BESIDE[name]
    if (beside) files.set(placeOf(join(dirname(path), beside)), join(dirname(path), beside))
  }

  /** What is copied is copied with its terms. */
  async function addLicenses(home: string, owner: string): Promise<void> {
    for (const name of await readdir(home))
      if (/^licen[cs]e/i.test(name)) files.set(`packages/${owner}/${name}`, join(home, name))
  }

  const place = posix(join('chatwright', relative(root, entry)))
  await visit(entry, place)
  return { files, made, imports, modules: modules.map((path) => `./${path}`), entry: `./${place}` }
}

const posix = (path: string): string => path.split(sep).join('/')
