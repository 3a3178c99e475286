/** A user's mistake. The message says what was given, what was expected, and what to do. */
export class UserError extends Error {
  override name = 'UserError'
}

/** A file or folder was replaced while it was being read. Read it again. */
export class ReplacedError extends UserError {}

/** An engine cannot work here. The message says why and what to do. `auto` tries another. */
export class EngineUnavailable extends UserError {
  override name = 'EngineUnavailable'
}
