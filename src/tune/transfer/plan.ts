import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ModelConfig } from '../../models/model.ts'
import { onResume } from '../../options.ts'
import { expectKind, takersOf } from '../../tasks/index.ts'
import { TRAINED, type TrainOptions } from '../../train/options.ts'
import { parseTrainOptions } from '../../train/train.ts'
import { type ParsedTransferOptions, type RunOptions, runOptions } from './options.ts'
import { STRATEGIES, type StrategyName } from './strategies.ts'
import { SCRATCH, type Target } from './targets.ts'
import type { Variant } from './variants.ts'

/** A model that a target is learned from. */
export interface Source {
  /** `scratch`, `base` or the name of a task. */
  name: string
  /** Of the model. */
  folder: string
  /** SHA-256 of all that the model depends on. */
  key: string
}

/** A target, learned from a source: one training, or several stages. */
export interface Cell extends Source {
  source: Source
  target: Target
  stages: TrainOptions[]
  /** Folder of the training and of all that is measured of its model. */
  home: string
  seed: number
}

/** All cells that one strategy and one variant need, for one seed. */
export interface SeedPlan {
  seed: number
  /** Where training from scratch starts. */
  fresh: Source
  scratch: Map<Target, Cell>
  /** By source, then by target. */
  cells: Map<string, Map<Target, Cell>>
}

/** One matrix: a strategy under a variant. */
export interface MatrixPlan {
  strategy: StrategyName
  variant: Variant
  seeds: SeedPlan[]
}

export interface PlanOptions {
  options: ParsedTransferOptions
  /** Options of each run, as the user gave them. */
  given: RunOptions
  targets: readonly Target[]
  variants: readonly Variant[]
  base: Source
  config: ModelConfig
}

/**
 * All that is to be trained, under names that say what each depends on: a cell whose settings
 * changed has another folder, and all others are found again. Throws UserError where a target
 * cannot be learned as asked, before any work.
 */
export function planMatrices(parts: PlanOptions): MatrixPlan[] {
  const { options, targets, variants } = parts
  const learned = targets.filter(({ known }) => !known)
  for (const { task } of targets) expectKind(task, parts.config.kind)
  const cellOf = cellPlanner(parts)
  return [...new Set(options.strategy)].flatMap((strategy) =>
    variants.map((variant): MatrixPlan => {
      const seeds = [...new Set(options.seeds)].map((seed): SeedPlan => {
        const fresh = freshSource(parts, seed)
        const whole = (source: Source, target: Target) =>
          cellOf({ source, target, seed, variant, strategy: 'full' })
        const sources = [parts.base, ...learned.map((target) => whole(parts.base, target))]
        const row = (source: Source) =>
          new Map(
            learned
              .filter(({ name }) => name !== source.name)
              .map((target) => [target, cellOf({ source, target, seed, variant, strategy })]),
          )
        return {
          seed,
          fresh,
          scratch: new Map(learned.map((target) => [target, whole(fresh, target)])),
          cells: new Map(sources.map((source) => [source.name, row(source)])),
        }
      })
      return { strategy, variant, seeds }
    }),
  )
}

/** The base with weights that are drawn anew. */
const freshSource = ({ options, base }: PlanOptions, seed: number): Source => {
  const key = hashOf([SCRATCH, base.key, seed])
  return { name: SCRATCH, folder: folderOf(options.out, `${SCRATCH}-seed${seed}`, key), key }
}

const LENGTHS = ['steps', 'epochs', 'seconds'] as const

/** A task's own length takes the place of the one for all, whichever of the three it is. */
function withoutLength(given: RunOptions, { options }: Target): RunOptions {
  if (LENGTHS.every((name) => options[name] === undefined)) return given
  return { ...given, steps: undefined, epochs: undefined, seconds: undefined }
}

/** Options that change nothing of what is learned, apart from the order of sums. */
const FREE = ['engine', 'threads', 'recompute']

/** All that a training depends on but the contents of its data. */
function settingsOf(stage: Omit<TrainOptions, 'out'>): Record<string, unknown> {
  const { parsed, schema } = parseTrainOptions({ ...stage, out: '.' })
  const { data: _, ...others } = parsed
  const table = onResume(schema)
  const matter = Object.entries(others)
    .filter(([name]) => table[name] !== 'free' && !FREE.includes(name))
    // The sources are known by their contents.
    .map(([name, value]) => [name, name === 'val' && Array.isArray(value) ? null : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(matter)
}

function cellPlanner({ options, given, targets, config }: PlanOptions) {
  const { out, replayShare = 0.1 } = options
  return (cell: {
    source: Source
    target: Target
    seed: number
    variant: Variant
    strategy: StrategyName
  }): Cell => {
    const { source, target, seed, variant, strategy } = cell
    const { task, data = [], val } = target
    const common = {
      ...withoutLength(given, target),
      ...target.options,
      ...variant.options,
      seed,
      task,
      data,
    }
    const { steps, epochs, seconds } = common as TrainOptions
    const stages = STRATEGIES[strategy]({
      target,
      targets,
      base: config,
      length: { steps, epochs, seconds },
      replayShare,
    }).map(
      (stage): Omit<TrainOptions, 'out'> => ({
        ...common,
        ...(val !== undefined && { val }),
        ...stage,
      }),
    )
    const settings = stages.map(settingsOf)
    const replayed =
      strategy === 'replay' ? targets.filter((one) => one.known).map((one) => one.learnedHash) : []
    const key = hashOf([source.key, settings, target.learnedHash, replayed])
    const label = `${source.name}-${target.name}-${strategy}-${variant.name}-seed${seed}`
    const home = folderOf(out, label, key)
    const [last] = stages.slice(-1)
    return {
      name: target.name,
      folder: join(home, 'model'),
      key,
      source,
      target,
      seed,
      home,
      stages: stages.map((stage, i) => ({
        ...stage,
        ...(takersOf('dataFolder', TRAINED).includes(task) && { dataFolder: join(out, 'data') }),
        keep: 1,
        out: stage === last ? join(home, 'model') : join(home, `stage-${i + 1}`),
      })),
    }
  }
}

export const folderOf = (out: string, label: string, key: string): string =>
  join(out, 'cells', `${label}-${key.slice(0, 8)}`)

export const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex')

/** The options of each run among those that were given. */
export function givenForRuns(given: object): RunOptions {
  const names = Object.keys(runOptions.shape).filter((name) => name !== 'out')
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => names.includes(name) && value !== undefined),
  )
}
