/** A mistake of the user's, not ours: its message says what was given, what was expected, what to do. */
export class UserError extends Error {
  override name = 'UserError'
}

/** What was being read is no longer there: something else took its place. Read it anew. */
export class ReplacedError extends UserError {}
