import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, resolve } from 'node:path'

export interface Reached {
  /** Paths of our own modules. */
  modules: ReadonlySet<string>
  /** Packages that they import. */
  packages: ReadonlySet<string>
  /** `importer: built-in` for each import of a Node built-in. */
  builtins: readonly string[]
}

/** Imports that are there when the types are gone: static ones, re-exports, and `import('...')`. */
const IMPORT = new RegExp(
  [
    /^(?:import|export)(?! type\b)(?:\s[^'"()]*?\bfrom)?\s*['"]([^'"]+)['"]/,
    /\bimport\(\s*['"]([^'"]+)['"]/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gm',
)

const BUILTINS = new Set(builtinModules)

/** Everything that the module at `entry` imports, and what that imports. */
export function reachableFrom(entry: string): Reached {
  const modules = new Set<string>()
  const packages = new Set<string>()
  const builtins: string[] = []
  const visit = (path: string) => {
    if (modules.has(path)) return
    modules.add(path)
    for (const [, fixed, dynamic] of readFileSync(path, 'utf8').matchAll(IMPORT)) {
      const name = (fixed ?? dynamic) as string
      if (name.startsWith('.')) visit(resolve(dirname(path), name))
      else if (name.startsWith('node:') || BUILTINS.has(name)) builtins.push(`${path}: ${name}`)
      else packages.add(name)
    }
  }
  visit(entry)
  return { modules, packages, builtins }
}
