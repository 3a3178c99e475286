import { UserError } from '../../errors.ts'

/** An error of a template's author: what Jinja2 refuses too. */
export const fail = (problem: string): UserError =>
  new UserError(`the chat template fails: ${problem}`)

/** What Jinja2 or Python can do and is not done here. */
export const unsupported = (what: string): UserError =>
  new UserError(`the chat template uses ${what}, which is not supported; use another template`)
