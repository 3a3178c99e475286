import { UserError } from '../src/errors.ts'

/** The names that contain `part`, in whatever case. Throws UserError if none does. */
export function choose<T extends string>(names: readonly T[], part: string): T[] {
  const chosen = names.filter((name) => name.toLowerCase().includes(part.toLowerCase()))
  if (chosen.length > 0) return chosen
  throw new UserError(`--only ${part}: no name contains this; the names are ${names.join('; ')}`)
}
