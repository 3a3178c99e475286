import { z } from 'zod'
import { UserError } from './errors.ts'

/** Models compute in float32: less is 0 there, and more is infinite. */
const [LEAST, MOST] = [1.2e-38, 3.4e38]

/** A number above 0 that is one in float32, too. */
export const positiveNumber = z.number().min(LEAST).max(MOST)

/** 0, or such a number. */
export const amount = z
  .number()
  .min(0)
  .max(MOST)
  .refine((value) => value === 0 || value >= LEAST, `expected 0, or at least ${LEAST}`)

/** Options with their defaults. Throws UserError naming the option at fault. */
export function parseOptions<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new UserError(problems.map((problem) => problem.replace(/^: /, '')).join('; '))
}

/** What zod expected, without its `Too small: ` and the like. */
export const expectation = (message: string): string =>
  message.replace(/^(Too (small|big)|Invalid (input|option)): /, '')

/** An option as it is typed: `kvHeads` -> `--kv-heads`. */
export const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
