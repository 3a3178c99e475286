#!/usr/bin/env node
import { CommanderError } from 'commander'
import { fileError } from '../models/files/file-error.ts'
import { explain } from './failure.ts'
import { createProgram, helpFor } from './program.ts'
import { refuseUnreadable } from './refuse-unreadable.ts'
import { showNotices } from './show-notices.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that goes away (`chatwright ... | head`) is no fault.
  if (error.code === 'EPIPE') return
  const { message, exitCode } = explain(fileError(error, 'cannot write to standard output'))
  console.error(`chatwright: ${message}`)
  process.exit(exitCode)
})
// Where nobody can be told, the work still counts.
process.stderr.on('error', () => {})

showNotices()
const program = createProgram()
try {
  refuseUnreadable(process.argv)
  await program.parseAsync()
} catch (error) {
  const { message, exitCode } = explain(error)
  process.exitCode = exitCode
  // Of help and version commander has printed all there is to say.
  const isSaid = error instanceof CommanderError && /help|version/i.test(error.code)
  if (!isSaid) {
    console.error(`chatwright: ${message}`)
    if (error instanceof CommanderError) console.error(helpFor(program, process.argv.slice(2)))
    if (process.argv.includes('--json')) console.log(JSON.stringify({ error: message }))
  }
}
