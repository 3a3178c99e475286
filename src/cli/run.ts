import { type Command, CommanderError } from 'commander'
import { UserError } from '../errors.ts'
import { fileError } from '../files/file-error.ts'
import { NOTICE } from '../notice.ts'
import { Interruption } from './interrupt.ts'

/** A program whose errors are thrown as CommanderError and not printed. */
export const quiet = (program: Command): Command =>
  program.exitOverride().configureOutput({ outputError: () => {} })

/** Runs the command line of this process. */
export async function run(program: Command): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that goes away (`chatwright ... | head`) is no fault.
    if (error.code === 'EPIPE') return
    const { message, exitCode } = explain(fileError(error, 'cannot write to standard output'))
    console.error(`${program.name()}: ${message}`)
    process.exit(exitCode)
  })
  // If nobody reads the progress, the work still counts.
  process.stderr.on('error', () => {})
  showNotices()
  await execute(program, process.argv)
  // What a reward's module leaves open, such as a timer, would keep the process forever. All output
  // comes first: on Windows, where pipes are asynchronous, a slow reader would miss its end.
  process.stdout.write('', () => setTimeout(() => process.exit(), 1000).unref())
}

/** Runs a command line as Node has it, and prints the error that ends it; sets the exit code. */
export async function execute(program: Command, argv: readonly string[]): Promise<void> {
  const words = argv.slice(2)
  try {
    refuseUnreadable(argv)
    await program.parseAsync(argv)
  } catch (error) {
    const { message, exitCode } = explain(error)
    process.exitCode = exitCode
    // Commander has printed the help or the version already.
    const isSaid = error instanceof CommanderError && /help|version/i.test(error.code)
    if (isSaid) return
    console.error(`${program.name()}: ${message}`)
    if (error instanceof CommanderError) console.error(helpFor(program, words))
    if (words.includes('--json')) console.log(JSON.stringify({ error: message }))
  }
}

/** Where to look when words are refused: `chatwright train --help lists the options.` */
function helpFor(command: Command, words: readonly string[], path = command.name()): string {
  const next = command.commands.find((one) => one.name() === words[0])
  if (next) return helpFor(next, words.slice(1), `${path} ${next.name()}`)
  return `${path} --help lists the ${command.commands.length > 0 ? 'commands' : 'options'}.`
}

/** Throws UserError where an argument was not UTF-8: Node reads it as U+FFFD without an error. */
function refuseUnreadable(words: readonly string[]): void {
  const wrong = words.find((word) => word.includes('\ufffd'))
  if (wrong !== undefined)
    throw new UserError(
      `the argument '${wrong}' is not UTF-8 text; set the terminal to UTF-8, or give the option ` +
        'in a --config FILE',
    )
}

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

export interface Failure {
  message: string
  exitCode: number
}

const EXIT = { mistake: 1, fault: 2 } as const

/** What to print about an error: a line for the user's mistakes, a report for ours. */
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
