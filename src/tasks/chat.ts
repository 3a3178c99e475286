import { z } from 'zod'
import type { Variation } from '../data/augment/augmenter.ts'
import type { Conversation } from '../data/chat/conversation.ts'
import { readConversations } from '../data/chat/conversation.ts'
import type { Message } from '../data/chat/messages.ts'
import { type PackedConversations, packedConversations } from '../data/chat/packed-conversations.ts'
import type { EncodedConversation } from '../data/chat/packing.ts'
import type { ExampleSet } from '../data/example-set.ts'
import { UserError } from '../errors.ts'
import { nextToken } from '../objectives/language-model.ts'
import { amount, resumedAs } from '../options.ts'
import { unreadFields } from '../text/chat-template.ts'
import { encodeConversation } from '../text/render-conversation.ts'
import { recordTask } from './records.ts'
import { type Subject, smoothing } from './task.ts'

const options = resumedAs('derived', {
  /** A file with a chat template, or `chatml`; default: the model's own. */
  chatTemplate: z.string().min(1).optional(),
})

const learning = {
  ...smoothing,
  ...resumedAs('changeable', {
    /** Noise on the embeddings in training (Jain et al. 2023); 0 is none. */
    neftuneAlpha: amount.default(0),
  }),
}

/**
 * Instruction tuning (Ouyang et al. 2022): what the assistant says in conversations, several of
 * which share a row without attention between them.
 */
export const chat = recordTask({
  kinds: ['decoder'],
  architecture: 'gpt2',
  data: '{"messages": [{"role": "user", "content": "..."}, ...]}',
  options,
  learning,
  read: readConversations,
  texts: ({ messages }) => messages.map(({ content }) => content),
  varied: variedConversation,
  examples: (records, subject, { length }) => {
    const encode = (record: Conversation) => encodeChat(subject, record)
    const encoded = records.map(encode)
    const set = packedConversations(encoded, length)
    return {
      ...set,
      notices: [...unread(subject, records), ...set.notices],
      vary: variedRows(set, { records, encoded, encode, length }),
    }
  },
  objective: (model, { length, labelSmoothing, neftuneAlpha, evaluation }) =>
    nextToken(model, length, {
      packed: true,
      labelSmoothing,
      neftuneAlpha,
      evaluation,
    }),
  measures: ['perplexity'],
  isText: true,
  packed: true,
})

function variedConversation(conversation: Conversation, variation: Variation): Conversation {
  return { ...conversation, messages: variedMessages(conversation.messages, variation) }
}

/** What the user says varied, and all else as it is. */
export const variedMessages = (messages: readonly Message[], { text }: Variation): Message[] =>
  messages.map((message) =>
    message.role === 'user' ? { ...message, content: text(message.content) } : message,
  )

/** Rows of the same conversations, each varied where the row has room for it, else as it is. */
function variedRows(
  { packing, layOut }: PackedConversations,
  {
    records,
    encoded,
    encode,
    length,
  }: {
    records: readonly Conversation[]
    encoded: readonly EncodedConversation[]
    encode(conversation: Conversation): EncodedConversation
    length: number
  },
): NonNullable<ExampleSet['vary']> {
  const tryEncode = (conversation: Conversation): EncodedConversation | undefined => {
    try {
      return encode(conversation)
    } catch (error) {
      if (error instanceof UserError) return undefined
      throw error
    }
  }
  const positions = ({ ids }: EncodedConversation) => ids.length - 1
  return (indices, draw) =>
    layOut(
      indices.map((index) => {
        const row = packing.rows[index] ?? []
        const own = row.map((number) => encoded[number] as EncodedConversation)
        const size = (one: EncodedConversation) => Math.min(positions(one), length)
        let room = own.reduce((left, one) => left - size(one), length)
        return row.map((number, i) => {
          const [record, original] = [records[number], own[i]] as [
            Conversation,
            EncodedConversation,
          ]
          const varied = draw(record, variedConversation)
          const tried = varied === record ? undefined : tryEncode(varied)
          if (!tried || positions(tried) > size(original) + room) return original
          room += size(original) - positions(tried)
          return tried
        })
      }),
    )
}

function templateOf({ chatTemplate }: Subject): string {
  if (chatTemplate) return chatTemplate
  throw new UserError('the model has no chat template; give one with --chat-template FILE')
}

/** A conversation by the model's template. Throws UserError that begins with `where`. */
export function encodeChat(
  subject: Subject,
  { messages, tools, where }: Conversation,
): EncodedConversation {
  const template = templateOf(subject)
  try {
    return encodeConversation(subject.tokenizer, template, messages, { tools })
  } catch (error) {
    // Also what a template raises.
    throw new UserError(`${where}: ${(error as Error).message}`)
  }
}

/** What of the conversations the model's template leaves out. */
export function unread(subject: Subject, conversations: readonly Conversation[]): string[] {
  const has: Readonly<Record<string, (conversation: Conversation) => boolean>> = {
    tools: ({ tools }) => tools !== undefined,
    reasoning_content: ({ messages }) => messages.some((message) => message.reasoning_content),
  }
  return unreadFields(templateOf(subject), Object.keys(has)).flatMap((field) => {
    const count = conversations.filter((one) => has[field]?.(one)).length
    if (count === 0) return []
    return (
      `${count} conversation${count === 1 ? '' : 's'} with ${field}, which the chat template does` +
      ' not use: it is left out; give another template with --chat-template FILE'
    )
  })
}
