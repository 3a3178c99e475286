import { UserError } from '../../../errors.ts'
import type { Model } from '../../../models/model.ts'
import type { GgufArchitecture, GgufRename } from './architecture.ts'

/** A tensor of a file, and where the parameters lie in it. */
export interface PlacedTensor {
  name: string
  /** Outermost first. */
  shape: readonly number[]
  /** Parameters, one behind the other. */
  parts: readonly string[]
  pairedHeads?: number
  times?: number
}

/**
 * Where each of a model's parameters stands in an architecture's file; `unplaced` are those without
 * a name there.
 */
export function placeTensors(
  architecture: GgufArchitecture,
  model: Model,
): { placed: PlacedTensor[]; unplaced: string[] } {
  const parameters = model.parameters()
  const shapeOf = (name: string) => parameters.get(name)?.shape
  const layers = countOf(parameters.keys(), /\.layers\.(\d+)\./)
  const experts = countOf(parameters.keys(), /\.experts\.(\d+)\./)
  const placed: PlacedTensor[] = []
  const add = ({ file, ours, stacked, pairedHeads, times }: GgufRename, i: number) => {
    const at = (name: string) => name.replace('{i}', String(i))
    const parts = ours.flatMap((name) =>
      stacked
        ? Array.from({ length: experts }, (_, e) => at(name).replace('{e}', String(e)))
        : [at(name)],
    )
    const [first] = parts.map(shapeOf)
    if (!first) return
    const rows = parts.reduce((total, part) => total + (shapeOf(part)?.[0] ?? 0), 0)
    const shape = stacked ? [parts.length, ...first] : [rows, ...first.slice(1)]
    const rest = { ...(pairedHeads && { pairedHeads }), ...(times && { times }) }
    placed.push({ name: at(file), shape, parts, ...rest })
  }
  for (const rename of architecture.renames(model.config))
    for (let i = 0; i < (rename.file.includes('{i}') ? layers : 1); i++) add(rename, i)
  const told = new Set(placed.flatMap(({ parts }) => parts))
  return { placed, unplaced: [...parameters.keys()].filter((name) => !told.has(name)) }
}

/** The same; throws UserError where a parameter has no place. */
export function placeAll(architecture: GgufArchitecture, model: Model): PlacedTensor[] {
  const { placed, unplaced } = placeTensors(architecture, model)
  if (unplaced.length === 0) return placed
  throw new UserError(`GGUF's ${architecture.name} has no tensor for ${unplaced.join(', ')}`)
}

const countOf = (names: Iterable<string>, pattern: RegExp): number =>
  [...names].reduce((most, name) => Math.max(most, Number(pattern.exec(name)?.[1] ?? -1) + 1), 0)
