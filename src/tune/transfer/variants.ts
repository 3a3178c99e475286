import { UserError } from '../../errors.ts'
import { flagOf } from '../../options.ts'
import type { RunOptions } from './options.ts'
import type { Target } from './targets.ts'

/** What can be varied: options of each run, without it, and with it where none are given. */
const VARIED = {
  augmentation: {
    option: 'augment',
    without: { augment: undefined, synonyms: undefined },
    byDefault: { deletion: 0.1, swap: 0.1 },
  },
  dropout: { option: 'dropout', without: { dropout: 0 }, byDefault: 0.1 },
  'weight-decay': { option: 'weightDecay', without: { weightDecay: 0 }, byDefault: 0.1 },
} as const satisfies Record<
  string,
  { option: keyof RunOptions; without: RunOptions; byDefault: unknown }
>

export type VariedName = keyof typeof VARIED

export const VARIED_NAMES = Object.keys(VARIED) as [VariedName, ...VariedName[]]

/** Options under which a whole matrix is measured. */
export interface Variant {
  name: string
  options: RunOptions
}

/** The variant that others are compared with. */
export const PLAIN = 'plain'

/** The only variant where nothing is varied. */
export const GIVEN = 'given'

/**
 * One variant without anything that is varied, and one with each alone: `--dropout 0.2` is then how
 * much dropout that variant has. Throws UserError where a task sets such an option for itself, or
 * the value that was given is none.
 */
export function variantsOf(
  names: readonly VariedName[],
  given: RunOptions,
  targets: readonly Target[],
): Variant[] {
  const varied = [...new Set(names)]
  for (const { option } of varied.map((name) => VARIED[name])) {
    const setter = targets.find(({ options }) => options[option] !== undefined)
    if (setter)
      throw new UserError(
        `the task ${setter.name} sets ${option}, which --vary varies; leave it out there, and ` +
          `give ${flagOf(option)}`,
      )
    if (given[option] === 0)
      throw new UserError(
        `${flagOf(option)} 0 is the variant without; give the value of the variant with it`,
      )
  }
  const optionsOf = (chosen: VariedName | undefined): RunOptions =>
    Object.assign(
      {},
      ...varied.map((name) => {
        const { option, without, byDefault } = VARIED[name]
        if (name !== chosen) return without
        return { [option]: given[option] ?? byDefault }
      }),
    )
  if (varied.length === 0) return [{ name: GIVEN, options: {} }]
  return [undefined, ...varied].map((one) => ({ name: one ?? PLAIN, options: optionsOf(one) }))
}
