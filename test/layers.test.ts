import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** The pipeline: a folder imports from itself and from those before it (docs/architecture.md). */
const LAYERS = [
  'graph',
  'nn',
  'models',
  'objectives',
  'files',
  'runtime',
  'hub',
  'text',
  'formats',
  'checkpoint',
  'metrics',
  'data',
  'generate',
  'predict',
  'tasks',
  'evaluate',
  'train',
  'tune',
  'explain',
  'deploy',
  'cli',
]

const SRC = resolve(dirname(fileURLToPath(import.meta.url)), '../src')

const layerOf = (path: string) => relative(SRC, path).split(sep)[0] ?? ''

const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) =>
    resolve(dirname(file), match[1] ?? ''),
  )

/** Modules whose values are imported when a module is loaded: neither types nor `import()`. */
const valueImportsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(STATEMENT)]
    .filter(([, names = '']) => !areTypes(names))
    .map((match) => resolve(dirname(file), match[2] ?? ''))

const STATEMENT = /^(?:import|export)\s([^'"]*?)(?:from\s+)?'(\.[^']+)'/gm

const areTypes = (names: string): boolean => {
  if (names.startsWith('type ')) return true
  const listed = /^\{([^}]*)\}/.exec(names.trim())?.[1]?.split(',') ?? ['']
  return (
    listed.every((name) => name.trim() === '' || name.trim().startsWith('type ')) &&
    listed.some((name) => name.trim() !== '')
  )
}

const nameOf = (file: string) => relative(SRC, file)

const sources = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !/\.test\.ts$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))

test('every folder of src stands in the order of the pipeline', () => {
  const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(folders.map((entry) => entry.name).sort()).toEqual([...LAYERS].sort())
})

test('no value is imported in a cycle', () => {
  const imports = new Map(sources.map((file) => [file, valueImportsOf(file)]))
  const [entered, done] = [new Set<string>(), new Set<string>()]
  const cycles: string[] = []
  const visit = (file: string, path: string[]) => {
    if (done.has(file)) return
    if (entered.has(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].map(nameOf).join(' -> '))
      return
    }
    entered.add(file)
    for (const next of imports.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of sources) visit(file, [])
  expect(cycles).toEqual([])
})

test('imports go up the pipeline only', () => {
  const against = sources.flatMap((file) => {
    const own = LAYERS.indexOf(layerOf(file))
    return importsOf(file)
      .filter((target) => own >= 0 && LAYERS.indexOf(layerOf(target)) > own)
      .map((target) => `${relative(SRC, file)} -> ${relative(SRC, target)}`)
  })
  expect(against).toEqual([])
})

test('no line is longer than 100 columns', () => {
  const root = resolve(SRC, '..')
  const files = ['src', 'bench', 'experiments', 'test', 'crosscheck'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.c?ts$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  const long = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line, i) => ([...line].length > 100 ? [`${relative(root, file)}:${i + 1}`] : [])),
  )
  expect(long).toEqual([])
})
