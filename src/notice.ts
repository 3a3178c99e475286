/** The name of the warnings that `tell` emits. */
export const NOTICE = 'ChatwrightNotice'

/**
 * Tells the user what is no error and yet should be known, in one line: a warning of Node's, which
 * goes to standard error, or to a program's own `process.on('warning')`.
 */
export const tell = (message: string): void => process.emitWarning(message, NOTICE)
