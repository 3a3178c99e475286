import pc from 'picocolors'
import { UserError } from '../../errors.ts'
import { streamChat } from '../../generate/chat.ts'
import type { LanguageModel } from '../../generate/language-model.ts'
import type { ChatOptions } from '../../generate/options.ts'
import type { Language } from '../../language.ts'
import type { ChatMessage } from '../../text/chat-template.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { chatMessages } from './messages.ts'
import { readMessages } from './read-messages.ts'

export interface ConversationOptions {
  model: LanguageModel
  /** The system message. */
  system?: string
  language: Language
  sampling?: Omit<ChatOptions, 'signal'>
}

/** The most tokens of a continuation that does not end by itself. */
const CONTINUATION = 120

/**
 * A conversation in the terminal, until the user leaves or the input ends. A model without a chat
 * template continues the user's text instead, or, if it has an encoder, rewrites it.
 * Answers go to standard output, all else to standard error. Resolves with what was said.
 */
export async function converse(options: ConversationOptions): Promise<ChatMessage[]> {
  const { model, system, language } = options
  const words = chatMessages[language]
  const untaught = model.encoder ? 'rewrites' : 'continues'
  const mode = model.chatTemplate === undefined ? untaught : 'talk'
  const continues = mode === 'continues'
  if (system && mode !== 'talk')
    throw new UserError(
      'the model has no chat template, so what system says would change nothing; leave it out',
    )
  const sampling = { ...(continues && { maxTokens: CONTINUATION }), ...options.sampling }
  const begin = (): ChatMessage[] => (system ? [{ role: 'system', content: system }] : [])
  let messages = begin()
  let text = ''
  let answering: AbortController | undefined
  let interrupted = false
  let forgot = false
  const reader = readMessages({
    onInterrupt: () => {
      if (interrupted) return reader.close()
      interrupted = true
      if (answering) answering.abort()
      else tell(`\n${words.leave}`)
    },
  })

  const answer = async (asked: readonly ChatMessage[], begun = ''): Promise<string | undefined> => {
    answering = new AbortController()
    const { signal } = answering
    try {
      const pieces = streamChat(model, asked, { ...sampling, signal })
      const { text, omitted } = await print(pieces, begun, signal, words)
      if (omitted && !forgot) tell(words.forgot)
      forgot = omitted
      return text
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      tell(error.message)
      return undefined
    } finally {
      answering = undefined
    }
  }

  tell(words[mode])
  try {
    for (;;) {
      const message = await reader.next()
      const command = message?.trim() ?? '/exit'
      interrupted = false
      if (command === '/exit') return messages
      if (command === '/help') tell(words.help)
      else if (command === '/reset') {
        messages = begin()
        text = ''
        forgot = false
        tell(words.reset)
      } else if (command.startsWith('/')) tell(words.unknown(command))
      else if (continues) {
        const content = message ? message : endOfText(model, text)
        const more = await answer([{ role: 'user', content }], message)
        if (more === undefined) continue
        text = message ? message + more : text + more
        const asked = { role: 'user', content: message ?? '' } as const
        messages.push(asked, { role: 'assistant', content: more })
      } else if (command !== '') {
        const asked: ChatMessage[] = [...messages, { role: 'user', content: message ?? '' }]
        const content = await answer(asked)
        if (content !== undefined) messages = [...asked, { role: 'assistant', content }]
      }
    }
  } finally {
    reader.close()
  }
}

const tell = (text: string): void => {
  process.stderr.write(`${pc.dim(text)}\n`)
}

/**
 * Prints pieces as they come, after the text that they continue, until they end or are stopped;
 * resolves with what they were, and whether the context had no room for the first messages.
 */
async function print(
  pieces: AsyncGenerator<{ text: string }, { omitted: number }>,
  begun: string,
  signal: AbortSignal,
  words: { stopped: string; empty: string },
): Promise<{ text: string; omitted: boolean }> {
  let whole = ''
  let before = pc.dim(begun)
  let step = await pieces.next()
  for (; !step.done; step = await pieces.next()) {
    process.stdout.write(before + step.value.text)
    before = ''
    whole += step.value.text
  }
  process.stdout.write('\n')
  if (signal.aborted) tell(words.stopped)
  else if (whole === '') tell(words.empty)
  return { text: whole, omitted: step.value.omitted > 0 }
}

interface Reader {
  tokenizer: Pick<Tokenizer, 'encode' | 'decode'>
  context: number
}

/**
 * The end of a text, at most half as long as the context, which leaves room to continue it. A
 * character of which a token at either end holds a part only is left out: its U+FFFD would be read
 * as text.
 */
export function endOfText({ tokenizer, context }: Reader, text: string): string {
  const whole = text.replace(/\ufffd+$/, '')
  const ids = tokenizer.encode(whole)
  const half = Math.ceil(context / 2)
  return ids.length > half ? tokenizer.decode(ids.slice(-half)).replace(/^\ufffd+/, '') : whole
}
