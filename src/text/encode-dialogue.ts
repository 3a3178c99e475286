import type { ChatMessage } from './chat-template.ts'
import { type EncodedInput, encodeInput } from './encode-input.ts'
import { encodeConversation } from './render-conversation.ts'
import type { Tokenizer } from './tokenizer.ts'

/** What stands in for a conversation where a model judges it. */
export interface Dialogue {
  readonly messages: readonly ChatMessage[]
  readonly tools?: readonly unknown[] | undefined
}

/**
 * Ids of a conversation for a model that reads it whole: by the model's chat template, which writes
 * all special tokens; else as plain text. Throws UserError: see `renderTemplate`.
 */
export function encodeDialogue(
  { tokenizer, chatTemplate }: { tokenizer: Tokenizer; chatTemplate?: string | undefined },
  { messages, tools }: Dialogue,
): EncodedInput {
  if (!chatTemplate) return encodeInput(tokenizer, plainDialogue(messages))
  const { ids } = encodeConversation(tokenizer, chatTemplate, messages, { tools })
  return { ids, typeIds: ids.map(() => 0) }
}

/** A line or more for each message: who speaks, and what. */
export const plainDialogue = (messages: readonly ChatMessage[]): string =>
  messages.map(({ role, content }) => `${role}: ${content}`).join('\n')
