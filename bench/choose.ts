import { UserError } from '../src/errors.ts'

/** The names that have `part` in them. Throws UserError where none has. */
export function choose<T extends string>(names: readonly T[], part: string): T[] {
  const chosen = names.filter((name) => name.toLowerCase().includes(part.toLowerCase()))
  if (chosen.length > 0) return chosen
  throw new UserError(`--only ${part}: no name has this in it; they are ${names.join('; ')}`)
}
