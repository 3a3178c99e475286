import { z } from 'zod'
import { UserError } from './errors.ts'

/** The range of float32, in which models compute. */
const [LEAST, MOST] = [1.2e-38, 3.4e38]

/** A number above 0 that float32 can hold. */
export const positiveNumber = z
  .number()
  .min(LEAST, `expected a number greater than 0 (at least ${LEAST})`)
  .max(MOST)

/** 0, or a `positiveNumber`. */
export const amount = z
  .number()
  .min(0)
  .max(MOST)
  .refine((value) => value === 0 || value >= LEAST, `expected 0, or at least ${LEAST}`)

/** Validates options and adds defaults. Throws UserError that names the option at fault. */
export function parseOptions<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new UserError(problems.map((problem) => problem.replace(/^: /, '')).join('; '))
}

/** Zod's message without its `Too small: ` and the like. */
export const expectation = (message: string): string =>
  message.replace(/^(Too (small|big)|Invalid (input|option)): /, '')

/** An option's flag: `kvHeads` -> `--kv-heads`. */
export const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** What happens to an option whose value is another when its training resumes. */
export type OnResume =
  /** What was learned so far depends on it: the change is refused. */
  | 'fixed'
  /** It only decides something that is compared itself: the model, the data, the tokenizer. */
  | 'derived'
  /** The change takes effect from here on, and the run reports it. */
  | 'changeable'
  /** Nothing that is computed depends on it. */
  | 'free'

/** Options that all share what happens to them on resumption; `onResume` reads it from a schema. */
export const resumedAs = <S extends z.ZodRawShape>(kind: OnResume, shape: S): S =>
  Object.fromEntries(
    Object.entries(shape).map(([name, field]) => [
      name,
      (field as z.ZodType).meta({ onResume: kind }),
    ]),
  ) as z.ZodRawShape as S

/** What happens to each option of a schema on resumption; undefined where nothing says. */
export const onResume = ({ shape }: z.ZodObject): Record<string, OnResume | undefined> =>
  Object.fromEntries(
    Object.entries(shape).map(([name, field]) => [
      name,
      (field as z.ZodType).meta()?.onResume as OnResume | undefined,
    ]),
  )
