import { UserError } from '../errors.ts'

/** An engine that cannot work here: its message says why and what to do. `auto` goes on to another. */
export class EngineUnavailable extends UserError {
  override name = 'EngineUnavailable'
}
