import { decodeText } from '../data/sources/decode-text.ts'
import { UserError } from '../errors.ts'

/**
 * All of standard input. Throws UserError where it is not text in this encoding (default: UTF-8),
 * where it is too long, and on a terminal, where nobody knows that it is awaited.
 */
export async function readStandardInput(encoding?: string): Promise<string> {
  if (process.stdin.isTTY) throw new UserError('nothing was given; name it, or pipe it in')
  const parts: string[] = []
  let length = 0
  for await (const part of decodeText(process.stdin, 'standard input', { encoding })) {
    parts.push(part)
    length += part.length
    if (length > LONGEST)
      throw new UserError(
        `standard input has more than ${LONGEST.toLocaleString('en')} characters; divide it`,
      )
  }
  return parts.join('')
}

/** A string holds a few more; ids take ten times the memory of the text. */
const LONGEST = 400_000_000
