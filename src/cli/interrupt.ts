import { EXIT } from './failure.ts'

/**
 * From now on the first Ctrl-C (or SIGTERM, or a reader of standard output that went away) aborts the
 * signal, so that a command can end in good order; a second Ctrl-C ends the process at once.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.stdout.once('error', stop)
  return controller.signal
}
