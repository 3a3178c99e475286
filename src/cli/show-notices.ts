import { NOTICE } from '../notice.ts'

/** Prints notices about models and data as plain lines, each once, not as Node's warnings. */
export function showNotices(print: (line: string) => void = console.error): void {
  const others = process.listeners('warning')
  process.removeAllListeners('warning')
  const shown = new Set<string>()
  process.on('warning', (warning) => {
    if (warning.name !== NOTICE) for (const show of others) show(warning)
    else if (!shown.has(warning.message)) print(`chatwright: ${warning.message}`)
    shown.add(warning.message)
  })
}
