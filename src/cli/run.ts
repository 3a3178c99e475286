import { type Command, CommanderError } from 'commander'
import { fileError } from '../files/file-error.ts'
import { explain } from './failure.ts'
import { refuseUnreadable } from './refuse-unreadable.ts'
import { showNotices } from './show-notices.ts'

/** A program whose errors are thrown as CommanderError and not printed. */
export const quiet = (program: Command): Command =>
  program.exitOverride().configureOutput({ outputError: () => {} })

/** Runs a command line, and prints the error that ends it; sets the exit code. */
export async function run(program: Command): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that goes away (`chatwright ... | head`) is no fault.
    if (error.code === 'EPIPE') return
    const { message, exitCode } = explain(fileError(error, 'cannot write to standard output'))
    console.error(`${program.name()}: ${message}`)
    process.exit(exitCode)
  })
  // Where nobody can be told, the work still counts.
  process.stderr.on('error', () => {})
  showNotices()
  try {
    refuseUnreadable(process.argv)
    await program.parseAsync()
  } catch (error) {
    const { message, exitCode } = explain(error)
    process.exitCode = exitCode
    // Commander has printed the help or the version already.
    const isSaid = error instanceof CommanderError && /help|version/i.test(error.code)
    if (isSaid) return
    console.error(`${program.name()}: ${message}`)
    if (error instanceof CommanderError) console.error(helpFor(program, process.argv.slice(2)))
    if (process.argv.includes('--json')) console.log(JSON.stringify({ error: message }))
  }
}

/** Where to look when words are refused: `chatwright train --help lists the options.` */
function helpFor(command: Command, words: readonly string[], path = command.name()): string {
  const next = command.commands.find((one) => one.name() === words[0])
  if (next) return helpFor(next, words.slice(1), `${path} ${next.name()}`)
  return `${path} --help lists the ${command.commands.length > 0 ? 'commands' : 'options'}.`
}
