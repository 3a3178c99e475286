import { UserError } from '../errors.ts'
import type { ChatMessage } from './chat-template.ts'
import { chatTurns } from './chat-turns.ts'
import { splitAt, tokenPattern } from './token-pattern.ts'
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
 * An answer is encoded by itself, since it is written after a prompt that is encoded already; so the
 * ids up to an answer are those of its prompt (the messages before it, with `addGenerationPrompt`).
 * All other text between two special tokens is encoded together, whoever wrote it. An answer of
 * weight 0 has the same ids and an empty mask; one that no special token follows ends unlearned.
 *
 * Throws UserError: see `renderTemplate` and `chatTurns`.
 */
export function encodeConversation(
  tokenizer: Tokenizer,
  template: string,
  messages: readonly ChatMessage[],
  { addGenerationPrompt = false }: { addGenerationPrompt?: boolean } = {},
): EncodedChat {
  const names = boundaryTokens(tokenizer)
  const { turns, after } = chatTurns(template, messages, { addGenerationPrompt, ...names })
  const specials = tokenPattern(Object.keys(tokenizer.specialTokens))
  const ids: number[] = []
  const mask: number[] = []
  let run = ''
  let bit = 0
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
  const write = (text: string): void => {
    const parts = [...splitAt(text, specials)]
    if (isClosing && !parts.some(({ isToken }) => isToken)) {
      cut(0)
      isClosing = false
    }
    for (const part of parts) {
      if (!part.isToken) run += part.text
      else {
        cut(bit)
        ids.push(tokenizer.specialTokens[part.text] as number)
        mask.push(bit)
        if (isClosing) bit = 0
        isClosing = false
      }
    }
  }

  for (const { message, before, lead, content } of turns) {
    for (const { text, isToken } of content === message.content ? [] : splitAt(content, specials)) {
      if (!isToken || message.content.includes(text)) continue
      throw new UserError(
        `the chat template makes the special token ${text} out of a message's content; use another template, or ChatML`,
      )
    }
    write(before)
    if (message.role !== 'assistant') {
      write(lead)
      run += content
      continue
    }
    cut(message.weight === 0 ? 0 : 1)
    write(lead)
    run += content
    isClosing = true
  }
  write(after)
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
  const { after } = chatTurns(template, conversation, boundaryTokens(tokenizer))
  for (const part of splitAt(after, tokenPattern(Object.keys(tokenizer.specialTokens)))) {
    if (part.isToken) return tokenizer.specialTokens[part.text]
  }
  return undefined
}

/** The tokens that templates call `bos_token` and `eos_token`, as text. */
function boundaryTokens(tokenizer: Tokenizer): {
  bosToken?: string
  eosToken?: string
} {
  const { bos_token: bosToken, eos_token: eosToken } = roleNames(tokenizer)
  return { bosToken, eosToken }
}
