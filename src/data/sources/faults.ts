import { UserError } from '../../errors.ts'
import type { Corpus } from './corpus.ts'

/** Faults listed one by one, and faults after which reading stops. */
const LISTED = 5
const MOST = 100

/** Collects what is wrong with several files or records, to report all at once. */
export class Faults {
  readonly #what: string
  readonly #errors: UserError[] = []

  /** `what` they are, in the plural. */
  constructor(what: string) {
    this.#what = what
  }

  get any(): boolean {
    return this.#errors.length > 0
  }

  /** Keeps a UserError until `throwAny`; throws at once where there are many, and other errors. */
  add(error: unknown): void {
    if (!(error instanceof UserError)) throw error
    this.#errors.push(error)
    if (this.#errors.length === MOST) this.throwAny()
  }

  /** Throws the one fault as it is, several as a list: the first of each kind. */
  throwAny(): void {
    const [first, ...others] = this.#errors
    if (!first) return
    if (others.length === 0) throw first
    const count = this.#errors.length
    const kinds = new Map<string, string[]>()
    for (const { message } of this.#errors) {
      const kind = message.replace(/^.*?:\d+: /, '')
      kinds.set(kind, [...(kinds.get(kind) ?? []), message])
    }
    const listed = [...kinds.values()].slice(0, LISTED)
    const lines = listed.map(([message, ...alike]) =>
      alike.length > 0 ? `  ${message} (and ${alike.length} more like it)` : `  ${message}`,
    )
    const rest = count - listed.reduce((total, { length }) => total + length, 0)
    if (rest > 0) lines.push(`  ... and ${rest} more`)
    const many = count === MOST ? `${MOST} ${this.#what} or more` : `${count} ${this.#what}`
    throw new UserError(`${many} cannot be read:\n${lines.join('\n')}`, { cause: first })
  }
}

/** What `parse` makes of every record. Throws UserError that names the first it refuses. */
export async function* parsedRecords<R>(
  corpus: Pick<Corpus, 'records'>,
  parse: (value: unknown, where: string) => R,
): AsyncGenerator<R> {
  const faults = new Faults('records')
  for await (const { value, where } of corpus.records()) {
    let record: R
    try {
      record = parse(value, where)
    } catch (error) {
      faults.add(error)
      continue
    }
    if (!faults.any) yield record
  }
  faults.throwAny()
}
