import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A site's modules: their files and import map. */
export interface SiteModules {
  /** Files to copy, by path in the site. */
  files: Map<string, string>
  /** Contents of generated files, by path in the site. */
  made: Map<string, string>
  /** Address of each imported package, by name. */
  imports: Record<string, string>
  /** Addresses of the modules. */
  modules: string[]
  /** Address of the entry. */
  entry: string
}

/** Static imports, re-exports and `import('...')` in compiled code. */
const IMPORT =
  /^(?:import|export)\b(?:[^'"()]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm

/** protobuf.js is CommonJS: its build for pages replaces it. */
const PROTOBUF = 'protobufjs/minimal.js'
const PROTOBUF_MODULE = `import './dist/minimal/protobuf.min.js'
export const { Reader, Writer } = globalThis.protobuf
`

/** WebAssembly that builds of onnxruntime-web expect beside them. */
const BESIDE: Readonly<Record<string, string>> = {
  'onnxruntime-web/wasm': 'ort-wasm-simd-threaded.wasm',
  'onnxruntime-web/webgpu': 'ort-wasm-simd-threaded.asyncify.wasm',
}

/**
 * All modules that `entry` imports, from this package below `root` and from others. `leaveOut`:
 * packages that the site does not need.
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

  async function visit(path: string, address: string): Promise<void> {
    if (files.has(address)) return
    files.set(address, path)
    modules.push(address)
    // Each of its builds is one file, in which much only looks like an import.
    if (address.includes('onnxruntime-web')) return
    for (const [, fixed, dynamic] of (await readFile(path, 'utf8')).matchAll(IMPORT)) {
      const name = (fixed ?? dynamic) as string
      if (!name.startsWith('.')) await visitPackage(name)
      else await visit(resolve(dirname(path), name), posix(join(dirname(address), name)))
    }
  }

  async function visitPackage(name: string): Promise<void> {
    if (imports[`${name}`] || leaveOut.includes(name)) return
    const path = fileURLToPath(import.meta.resolve(name))
    const owner = name.split('/', name.startsWith('@') ? 2 : 1).join('/')
    const folder = path.slice(0, path.lastIndexOf(join('node_modules', owner)))
    const home = join(folder, 'node_modules', owner)
    const addressOf = (file: string) => `packages/${owner}/${posix(relative(home, file))}`
    if (!folders.has(owner)) await addLicenses(home, owner)
    folders.add(owner)
    if (name === PROTOBUF) {
      const build = join(home, 'dist/minimal/protobuf.min.js')
      files.set(addressOf(build), build)
      made.set(addressOf(path), PROTOBUF_MODULE)
      modules.push(addressOf(build), addressOf(path))
    } else {
      imports[name] = `./${addressOf(path)}`
      await visit(path, addressOf(path))
    }
    imports[name] = `./${addressOf(path)}`
    const beside = BESIDE[name]
    if (beside) files.set(addressOf(join(dirname(path), beside)), join(dirname(path), beside))
  }

  /** Copies a package's license with it. */
  async function addLicenses(home: string, owner: string): Promise<void> {
    for (const name of await readdir(home))
      if (/^licen[cs]e/i.test(name)) files.set(`packages/${owner}/${name}`, join(home, name))
  }

  const start = posix(join('chatwright', relative(root, entry)))
  await visit(entry, start)
  return { files, made, imports, modules: modules.map((path) => `./${path}`), entry: `./${start}` }
}

const posix = (path: string): string => path.split(sep).join('/')
