import type { Message } from './messages.ts'

const SPEAKERS: Readonly<Record<string, Message['role']>> = {
  Human: 'user',
  Assistant: 'assistant',
}

/** Whether a text is a dialogue as Anthropic writes them: `\n\nHuman: ...\n\nAssistant: ...`. */
export const isTranscript = (text: string): boolean => /^\s*Human:/.test(text)

/**
 * The messages of a dialogue in one text (Bai et al. 2022). Where one speaker has two turns in a
 * row, as in some of theirs, they are one message.
 */
export function parseTranscript(text: string): Message[] {
  const [, ...parts] = `\n\n${text.trimStart()}`.split(/\n\n(Human|Assistant):/)
  const messages: Message[] = []
  for (let i = 0; i < parts.length; i += 2) {
    const role = SPEAKERS[parts[i] as string] as Message['role']
    const content = (parts[i + 1] as string).trim()
    const last = messages.at(-1)
    if (last?.role !== role) messages.push({ role, content })
    else messages[messages.length - 1] = { role, content: `${last.content}\n\n${content}`.trim() }
  }
  return messages
}
