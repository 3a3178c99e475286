import { UserError } from '../../errors.ts'

/** A mistake in a template, which Jinja2 refuses too. */
export const fail = (problem: string): UserError =>
  new UserError(`the chat template fails: ${problem}`)

/** A feature of Jinja2 or Python that is missing here. */
export const unsupported = (what: string): UserError =>
  new UserError(`the chat template uses ${what}, which is not supported; use another template`)
