import type { DataEvent, Report } from './data-event.ts'

/**
 * What happens while data is read, as a line for the user; undefined where it is of no interest.
 */
function describe(event: DataEvent): string | undefined {
  switch (event.kind) {
    case 'fetching':
      return `fetching ${event.package}`
    case 'left-out':
      return `left out: ${event.name} (${event.reason})`
    case 'replaced': {
      const { name, count, likely } = event
      const advice = likely ? `; it looks like ${likely}: name it with --encoding ${likely}` : ''
      return `${name}: ${count} places that are not text were read as U+FFFD${advice}`
    }
    case 'utf-8':
      return `${event.name}: is UTF-8, and read as UTF-8 instead of ${event.instead}`
    case 'json-lines':
      return 'standard input holds JSON, and is read as one record a line'
    case 'separated':
      return `${event.name}: lines of ${event.separator} alone end documents (--document-separator '' reads them as text)`
    case 'progress':
      return undefined
  }
}

/** Files told of one kind and reason, before the others are only mentioned. */
const TOLD = 10

/** What many files may have in common, as a line about all but the first ones. */
function describeOthers(event: DataEvent): string | undefined {
  if (event.kind === 'left-out') return `left out: others like these (${event.reason})`
  if (event.kind === 'utf-8') return `others like these are read as UTF-8 too`
  return undefined
}

/** Prints what happens while data is read; what many files have in common, by the first ones. */
export function tellData(print: (line: string) => void = () => {}): Report {
  const told = new Map<string, number>()
  return (event) => {
    const others = describeOthers(event)
    if (others !== undefined) {
      const count = (told.get(others) ?? 0) + 1
      told.set(others, count)
      if (count === TOLD + 1) print(others)
      if (count > TOLD) return
    }
    const line = describe(event)
    if (line) print(line)
  }
}
