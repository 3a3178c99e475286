/** The name of the warnings that `tell` emits. */
export const NOTICE = 'ChatwrightNotice'

/**
 * Reports what is not an error but should be known, in one line: a Node warning, which goes to
 * standard error, or to the program's own `process.on('warning')`.
 */
export const tell = (message: string): void => process.emitWarning(message, NOTICE)
