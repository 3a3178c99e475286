import { readFileSync } from 'node:fs'

/** Memory that the process holds now, in bytes. */
export const residentMemory = (): number => process.memoryUsage.rss()

/**
 * The most memory that the process has held, in bytes. On Linux from /proc: `maxRSS` would include
 * what its parent held when it started it.
 */
export function peakMemory(): number {
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : ''
  const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]
  return 1024 * Number(kibibytes ?? process.resourceUsage().maxRSS)
}
