#!/usr/bin/env node
import { CommanderError } from 'commander'
import { explain } from './failure.ts'
import { createProgram } from './program.ts'
import { showNotices } from './show-notices.ts'

// A reader that goes away (`chatwright ... | head`) is no fault.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

showNotices()
const program = createProgram()
try {
  await program.parseAsync()
} catch (error) {
  const { message, exitCode } = explain(error)
  process.exitCode = exitCode
  // Of help and version commander has printed all there is to say.
  const isSaid = error instanceof CommanderError && /help|version/i.test(error.code)
  if (!isSaid) {
    console.error(`chatwright: ${message}`)
    if (error instanceof CommanderError) console.error('chatwright --help lists all there is.')
    if (process.argv.includes('--json')) console.log(JSON.stringify({ error: message }))
  }
}
