/**
 * A mistake of the user's, not ours: its message says what was given, what was expected, what to
 * do.
 */
export class UserError extends Error {
  override name = 'UserError'
}

/** What was being read is no longer there: something else took its place. Read it anew. */
export class ReplacedError extends UserError {}

/**
 * An engine that cannot work here: its message says why and what to do. `auto` goes on to another.
 */
export class EngineUnavailable extends UserError {
  override name = 'EngineUnavailable'
}
