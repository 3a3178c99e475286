import { UserError } from '../../errors.ts'

/** Characters of the longest text, and members of the largest list, that may come into being. */
export const SIZE = 2 ** 22
/** Nested expressions and blocks. */
const DEPTH = 512
/** Nested lists that are compared or printed. */
const NESTING = 64
/** Units of work, a few nanoseconds each: half a million steps, a second; more for more input. */
const WORK = 2 ** 24
const WORK_PER_CHARACTER = 64
/** Units of an expression or statement, and of a member of a list. */
const STEP = 32
export const MEMBER = 32

/**
 * Limits the work of a template: templates are untrusted, and a few bytes of one can ask for years
 * of time or all of the memory. Work is charged as it is done; what multiplies sizes is refused
 * before it is done. Throws UserError where a limit is exceeded.
 */
export class Budget {
  #work: number
  #depth = 0

  /** `characters`: how much input there is. */
  constructor(characters: number) {
    this.#work = WORK + WORK_PER_CHARACTER * characters
  }

  spend(units: number): void {
    this.#work -= units
    if (this.#work < 0) throw tooMuch('does not come to an end in reasonable time')
  }

  /** Spends what making a text or a list of this size costs, before it is made. */
  make(size: number, unit = 1): void {
    if (!(size <= SIZE))
      throw tooMuch(`makes a text or a list of more than ${SIZE} characters or members`)
    this.spend(size * unit)
  }

  /** Spends a step, one level deeper. */
  step<T>(run: () => T): T {
    this.spend(STEP)
    if (++this.#depth > DEPTH) throw tooMuch(`goes more than ${DEPTH} levels deep`)
    try {
      return run()
    } finally {
      this.#depth--
    }
  }

  /** Visits a member `level` lists deep. */
  visit(level: number): void {
    this.spend(MEMBER)
    if (level > NESTING) throw tooMuch(`nests lists more than ${NESTING} deep`)
  }
}

const tooMuch = (what: string): UserError => new UserError(`the chat template ${what}`)
