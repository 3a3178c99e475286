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
  'deploy',
  'cli',
]

const SRC = resolve(dirname(fileURLToPath(import.meta.url)), '../src')

const layerOf = (path: string) => relative(SRC, path).split(sep)[0] ?? ''

const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) =>
    resolve(dirname(file), match[1] ?? ''),
  )

const sources = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !/\.test\.ts$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))

test('every folder of src stands in the order of the pipeline', () => {
  const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(folders.map((entry) => entry.name).sort()).toEqual([...LAYERS].sort())
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
