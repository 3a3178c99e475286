import type { ChatMessage } from './chat-template.ts'
import { type ChatOptions, chatTurns } from './chat-turns.ts'
import { splitAt, tokenPattern } from './cut.ts'
import { roleNames } from './token-roles.ts'
import type { Tokenizer } from './tokenizer.ts'

export interface EncodedChat {
  readonly ids: number[]
  /** 1 on what the assistant is to write: its answers and the special token that closes each. */
  readonly mask: Uint8Array
}

/**
 * Ids of a conversation by a chat template. Only the template makes special tokens: a content that
 * spells one stays text.
 *
 * An answer is encoded by itself, since it is written after a prompt that is encoded already; so
 * the ids up to an answer are those of its prompt (the messages before it, with
 * `addGenerationPrompt`).
 * All other text between two special tokens is encoded together, whoever wrote it. An answer of
 * weight 0 has the same ids and an empty mask; one that no special token follows ends unlearned.
 *
 * Throws UserError: see `renderTemplate`.
 */
export function encodeConversation(
  tokenizer: Tokenizer,
  template: string,
  messages: readonly ChatMessage[],
  options: Omit<ChatOptions, 'tokens'> = {},
): EncodedChat {
  const parts = chatTurns(template, messages, { ...options, tokens: roleNames(tokenizer) })
  const specials = tokenPattern(Object.keys(tokenizer.specialTokens))
  const ids: number[] = []
  const mask: number[] = []
  let run = ''
  let bit = 0
  let answer: ChatMessage | undefined
  let isClosing = false

  /** Encodes the text so far; what follows is learned or not. */
  const cut = (next: number): void => {
    for (const id of run === '' ? [] : tokenizer.encode(run)) {
      ids.push(id)
      mask.push(bit)
    }
    run = ''
    bit = next
  }
  for (const part of parts) {
    if (part.answer !== answer) {
      isClosing = answer !== undefined
      answer = part.answer
      if (answer) {
        cut(answer.weight === 0 ? 0 : 1)
        isClosing = false
      }
    }
    const pieces = [...splitAt(part.text, part.isTemplate ? specials : undefined)]
    if (isClosing && !pieces.some(({ isToken }) => isToken)) {
      cut(0)
      isClosing = false
    }
    for (const { text, isToken } of pieces) {
      if (!isToken) {
        run += text
        continue
      }
      cut(bit)
      ids.push(tokenizer.specialTokens[text] as number)
      mask.push(bit)
      if (isClosing) bit = 0
      isClosing = false
    }
  }
  cut(0)
  return { ids, mask: Uint8Array.from(mask) }
}

/**
 * The special token that closes an answer in `template`: generation stops there. Undefined where no
 * special token of the tokenizer follows one.
 */
export function endOfTurn(tokenizer: Tokenizer, template: string): number | undefined {
  const conversation: ChatMessage[] = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'a' },
  ]
  const parts = chatTurns(template, conversation, { tokens: roleNames(tokenizer) })
  const last = parts.findLastIndex(({ answer }) => answer)
  const after = parts.slice(last + 1).map(({ text }) => text)
  for (const part of splitAt(after.join(''), tokenPattern(Object.keys(tokenizer.specialTokens)))) {
    if (part.isToken) return tokenizer.specialTokens[part.text]
  }
  return undefined
}
