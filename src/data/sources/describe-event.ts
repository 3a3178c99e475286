import type { DataEvent } from './data-event.ts'

/** What happens while data is read, as a line for the user; undefined where it is of no interest. */
export function describeDataEvent(event: DataEvent): string | undefined {
  switch (event.kind) {
    case 'fetching':
      return `fetching ${event.package}`
    case 'left-out':
      return `left out: ${event.name} (${event.reason})`
    case 'replaced':
      return `${event.name}: ${event.count} places that are not text were read as U+FFFD`
    case 'progress':
      return undefined
  }
}
