import type { DataEvent, Report } from './data-event.ts'

/** What happens while data is read, as a line for the user; undefined where it is of no interest. */
export function describeDataEvent(event: DataEvent): string | undefined {
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
    case 'separated':
      return `${event.name}: lines of ${event.separator} alone end documents (--document-separator '' reads them as text)`
    case 'progress':
      return undefined
  }
}

/** Names told of what is left out for one reason. */
const TOLD = 10

/** Tells `print` what happens while data is read; what is left out, by the first names of each reason. */
export function tellData(print: (line: string) => void): Report {
  const told = new Map<string, number>()
  return (event) => {
    if (event.kind === 'left-out') {
      const count = (told.get(event.reason) ?? 0) + 1
      told.set(event.reason, count)
      if (count === TOLD + 1) print(`left out: others like these (${event.reason})`)
      if (count > TOLD) return
    }
    const line = describeDataEvent(event)
    if (line) print(line)
  }
}
