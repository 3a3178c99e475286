import { text } from 'node:stream/consumers'
import { UserError } from '../errors.ts'

/** All of standard input. Throws UserError on a terminal, where nobody knows that it is awaited. */
export async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY) throw new UserError('nothing was given; name it, or pipe it in')
  return text(process.stdin)
}
