import { createInterface } from 'node:readline'
import { UserError } from '../../errors.ts'

export interface MessageReader {
  /** The next message, its lines joined; undefined at the end of the input. */
  next(): Promise<string | undefined>
  close(): void
}

/**
 * Reads messages from standard input; a line that ends in a backslash continues on the next. On a
 * terminal it prompts, lines can be edited, and earlier ones come back with the arrow keys.
 */
export function readMessages({ onInterrupt }: { onInterrupt(): void }): MessageReader {
  const { stdin, stdout } = process
  const terminal = stdin.isTTY === true && stdout.isTTY === true
  const lines = createInterface({ input: stdin, ...(terminal && { output: stdout }), terminal })
  // Lines that arrive during an answer wait here.
  const waiting = lines[Symbol.asyncIterator]()
  let asking = false
  const nextLine = async (prompt: string): Promise<string | undefined> => {
    if (terminal) {
      lines.setPrompt(prompt)
      lines.prompt()
    }
    asking = true
    const { done, value } = await waiting.next()
    asking = false
    // Readline decodes UTF-8: text in GBK would reach the model as U+FFFD.
    if (!terminal && (value?.includes('\ufffd') || value?.includes('\0')))
      throw new UserError(
        'standard input is not UTF-8 text; convert it, as with iconv -f gb18030 -t utf-8',
      )
    return done ? undefined : value
  }
  // A terminal in raw mode sends no signal: readline reports Ctrl-C.
  if (terminal) {
    lines.on('SIGINT', () => {
      onInterrupt()
      if (asking) lines.prompt(true)
    })
  } else process.on('SIGINT', onInterrupt)
  return {
    next: async () => {
      let message = ''
      let prompt = '> '
      for (;;) {
        const line = await nextLine(prompt)
        if (line === undefined) return message === '' ? undefined : message
        if (!line.endsWith('\\')) return message + line
        message += `${line.slice(0, -1)}\n`
        prompt = '. '
      }
    },
    close: () => {
      asking = false
      lines.close()
      process.off('SIGINT', onInterrupt)
    },
  }
}
