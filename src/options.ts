import type { z } from 'zod'
import { UserError } from './errors.ts'

/** Options with their defaults. Throws UserError naming the option at fault. */
export function parseOptions<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new UserError(problems.map((problem) => problem.replace(/^: /, '')).join('; '))
}

/** An option as it is typed: `kvHeads` -> `--kv-heads`. */
export const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
