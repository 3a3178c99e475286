import { UserError } from '../../../errors.ts'
import type { Adaptable } from './adaptable.ts'
import type { LoraConfig } from './lora.ts'

/**
 * The matrices that `layers` names; see `LoraConfig`. Throws UserError where a name or an
 * expression is that of none.
 */
export function selectLayers(all: Iterable<Adaptable>, layers: LoraConfig['layers']): Adaptable[] {
  const known = [...all]
  if (layers === 'all-linear') return known.filter(({ isOutput }) => !isOutput)
  const patterns = typeof layers === 'string' ? [expression(layers)] : layers.map(endOfName)
  for (const [i, pattern] of patterns.entries())
    if (!known.some(({ name }) => pattern.test(name)))
      throw new UserError(
        `no layer is named ${typeof layers === 'string' ? layers : layers[i]}; this model's are ` +
          `${ends(known)}, or all-linear for all of them`,
      )
  const chosen = known.filter(({ name }) => patterns.some((pattern) => pattern.test(name)))
  const output = chosen.find(({ isOutput }) => isOutput)
  if (output)
    throw new UserError(
      `${output.name} is the output layer, which is not adapted here; leave it out`,
    )
  return chosen
}

/** An expression of whole names. Throws UserError where it is none. */
export function expression(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch (error) {
    throw new UserError(`${pattern} is no regular expression: ${(error as Error).message}`)
  }
}

const endOfName = (name: string): RegExp =>
  new RegExp(`^(?:.*\\.)?${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)

/** Last parts of names: `q_proj, k_proj`. */
const ends = (known: readonly Adaptable[]): string => [...new Set(known.map(lastPart))].join(', ')

export const lastPart = ({ name }: Pick<Adaptable, 'name'>): string =>
  name.slice(name.lastIndexOf('.') + 1)
