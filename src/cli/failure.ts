import { CommanderError } from 'commander'
import { UserError } from '../errors.ts'
import { fileError } from '../files/file-error.ts'
import { Interruption } from './interrupt.ts'

export interface Failure {
  message: string
  exitCode: number
}

const EXIT = { mistake: 1, fault: 2 } as const

/**
 * What to tell the user about an error: their mistakes in a line, ours with all that a report
 * needs.
 */
export function explain(error: unknown): Failure {
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '').replace('\n', ' ')
    return { message, exitCode: error.exitCode === 0 ? 0 : EXIT.mistake }
  }
  if (error instanceof UserError) return { message: error.message, exitCode: EXIT.mistake }
  if (error instanceof Error && error.name === 'AbortError') {
    // Node's own timers and streams name the reason as their cause.
    const reason = error instanceof Interruption ? error : error.cause
    const { message, exitCode } = reason instanceof Interruption ? reason : new Interruption()
    return { message, exitCode }
  }
  const { syscall, path } = error instanceof Error ? (error as NodeJS.ErrnoException) : {}
  const refused = syscall ? fileError(error, [`cannot ${syscall}`, path].join(' ').trim()) : error
  if (refused instanceof UserError) return { message: refused.message, exitCode: EXIT.mistake }
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return {
    message:
      'this is a fault of Chatwright, not yours. Please report it, with the command and this ' +
      `text:\n${details}`,
    exitCode: EXIT.fault,
  }
}
