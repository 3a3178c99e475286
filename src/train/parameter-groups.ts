import { UserError } from '../errors.ts'
import type { Parameter } from '../nn/index.ts'
import { flagOf } from '../options.ts'
import { adamW, type Optimizer } from './optimizers/index.ts'

/** Parameters that are updated alike. */
export interface ParameterGroup {
  names: string[]
  optimizer: Optimizer
  weightDecay: number
  /** L1 and L2 penalties reach these parameters. */
  penalized: boolean
}

/** What weight decay and the L1 and L2 penalties reach. */
export const DECAY_REACHES = ['matrices', 'all'] as const

export interface GroupOptions {
  optimizer: Optimizer
  weightDecay: number
  /** Default: matrices only. */
  decay?: (typeof DECAY_REACHES)[number]
}

/**
 * The usual groups: matrices decay; norms and biases (vectors) do so only if `decay` is `all`. An
 * optimizer of whole matrices, such as Muon, gets the matrices inside the layers; AdamW the rest.
 */
export function groupParameters(
  parameters: ReadonlyMap<string, Parameter>,
  { optimizer, weightDecay, decay = 'matrices' }: GroupOptions,
): ParameterGroup[] {
  const names = [...parameters.keys()]
  const isMatrix = (name: string) => (parameters.get(name)?.shape.length ?? 0) >= 2
  const isReached = (name: string) => decay === 'all' || isMatrix(name)
  const inner = (name: string) => isMatrix(name) && name.includes('.layers.')
  const outer = optimizer.wholeMatrix ? adamW() : optimizer
  const whole = optimizer.wholeMatrix ? names.filter(inner) : []
  const rest = names.filter((name) => !whole.includes(name))
  const reached = { weightDecay, penalized: true }
  const spared = { weightDecay: 0, penalized: false }
  return [
    { names: whole, optimizer, ...reached },
    { names: rest.filter(isReached), optimizer: outer, ...reached },
    { names: rest.filter((name) => !isReached(name)), optimizer: outer, ...spared },
  ].filter((group) => group.names.length > 0)
}

/** Which parameters are learned: patterns of their names, in which `*` stands for anything. */
export interface Selection {
  /** These alone; default: all. */
  learn?: readonly string[]
  /** These are not. */
  freeze?: readonly string[]
}

/**
 * The parameters that are learned. Throws UserError where a pattern matches nothing, or nothing is
 * left.
 */
export function selectParameters(
  parameters: ReadonlyMap<string, Parameter>,
  { learn, freeze }: Selection,
): Map<string, Parameter> {
  const names = [...parameters.keys()]
  const matched = (option: keyof Selection, patterns: readonly string[] = []) =>
    new Set(
      patterns.flatMap((pattern) => {
        const parts = pattern.split('*').map((part) => part.replace(/[^\w]/g, '\\$&'))
        const found = names.filter((name) => new RegExp(`^${parts.join('.*')}$`).test(name))
        if (found.length > 0) return found
        const known = new Set(names.map((name) => name.replace(/\.\d+\./g, '.*.')))
        throw new UserError(
          `${flagOf(option)} ${pattern} matches no parameter; give one of ` +
            `${[...known].join(', ')}, or a pattern such as *.norm.*`,
        )
      }),
    )
  const [learned, frozen] = [matched('learn', learn), matched('freeze', freeze)]
  const chosen = names.filter((name) => (!learn || learned.has(name)) && !frozen.has(name))
  if (chosen.length === 0)
    throw new UserError('--learn and --freeze leave nothing to learn; freeze less')
  return new Map(chosen.map((name) => [name, parameters.get(name) as Parameter]))
}
