import { UserError } from '../../../errors.ts'
import type { Adapter } from './adapter.ts'

/**
 * Adapters add up, but what they put in the place of a model's tensors does not: throws UserError
 * where two that do so differ in it.
 */
export function checkAlike(adapters: readonly Adapter[]): void {
  const [first, ...others] = adapters.filter(({ replaced }) => replaced.size > 0)
  if (!first) return
  for (const other of others) {
    const fault = difference(first, other)
    if (fault !== undefined)
      throw new UserError(
        `${first.name} and ${other.name} bring different ${fault} along; they cannot be used together`,
      )
  }
}

/** The first tensor that differs, if one does. */
function difference(a: Adapter, b: Adapter): string | undefined {
  for (const name of new Set([...a.replaced.keys(), ...b.replaced.keys()])) {
    const [one, two] = [a.replaced.get(name)?.values, b.replaced.get(name)?.values]
    if (!one || !two || one.length !== two.length) return name
    for (let i = 0; i < one.length; i++) if (!Object.is(one[i], two[i])) return name
  }
  return undefined
}
