import type { Corpus } from './corpus.ts'
import { Faults } from './faults.ts'

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
