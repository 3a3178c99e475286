import type { Prompt } from '../../data/chat/prompts.ts'
import { encodeRecord } from '../../data/parse-record.ts'
import { UserError } from '../../errors.ts'
import { encodePrompt } from '../../generate/prompt.ts'
import type { Subject } from '../../tasks/task.ts'
import { encodeConversation } from '../../text/render-conversation.ts'

/** A prompt, and its tokens. */
export interface EncodedPrompt {
  prompt: Prompt
  ids: readonly number[]
}

/**
 * Prompts as the model reads them: in its chat template, up to where its answer begins; without
 * one, as text that it continues. Throws UserError with the line of a prompt that has several
 * messages where there is no template.
 */
export function encodePrompts(prompts: readonly Prompt[], subject: Subject): EncodedPrompt[] {
  const { tokenizer, chatTemplate, addBos = false } = subject
  const encode = ({ prompt: messages }: Prompt): number[] => {
    if (chatTemplate)
      return encodeConversation(tokenizer, chatTemplate, messages, { addGenerationPrompt: true })
        .ids
    const [only, ...others] = messages
    if (only && others.length === 0) return encodePrompt({ tokenizer, addBos }, only.content)
    throw new UserError(
      'the prompt has several messages, and the model has no chat template; give one with ' +
        '--chat-template FILE',
    )
  }
  return prompts.map((prompt) => ({
    prompt,
    ids: encodeRecord(prompt.where, () => encode(prompt)),
  }))
}
