/** A mistake of the user's, not ours: its message says what was given, what was expected, what to do. */
export class UserError extends Error {
  override name = 'UserError'
}
