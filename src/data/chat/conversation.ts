import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { withoutNulls } from '../parse-record.ts'
import type { Corpus } from '../sources/corpus.ts'
import type { Report } from '../sources/data-event.ts'
import { parsedRecords } from '../sources/faults.ts'
import {
  described,
  instructionFields,
  instructionMessages,
  isObject,
  type Message,
  offeredTools,
  parseFields,
  parseMessages,
} from './messages.ts'

export interface Conversation {
  readonly messages: readonly Message[]
  readonly tools?: readonly Readonly<Record<string, unknown>>[] | undefined
  /** File and line, for messages about it. */
  readonly where: string
}

/** What stands beside the messages; `system` as LLaMA-Factory adds it to ShareGPT's form. */
const besides = z.object({ tools: offeredTools, system: z.string().optional() })
const instructionSchema = instructionFields.extend({ output: z.string() })

/**
 * One record of instruction data: OpenAI-style messages, ShareGPT's conversations, or Alpaca-style
 * instruction, input and output. A field that is null is as one that is not there. Throws UserError
 * that begins with `where`.
 */
export function parseConversation(given: unknown, where: string): Conversation {
  const value = withoutNulls(given)
  if (isObject(value)) {
    for (const field of ['messages', 'conversations'] as const)
      if (field in value) return fromMessages(value, field, where)
    if ('instruction' in value) {
      const { output, ...instruction } = parseFields(instructionSchema, value, where)
      const answer: Message = { role: 'assistant', content: output }
      return { messages: [...instructionMessages(instruction), answer], where }
    }
  }
  throw new UserError(
    `${where}: found ${described(value)}; expected {"messages": [{"role", "content"}, ...]}, ` +
      '{"conversations": [{"from", "value"}, ...]} or {"instruction", "input", "output"}',
  )
}

function fromMessages(
  value: Readonly<Record<string, unknown>>,
  field: 'messages' | 'conversations',
  where: string,
): Conversation {
  const { tools, system } = parseFields(besides, value, where)
  if (!Array.isArray(value[field]))
    throw new UserError(`${where}: ${field}: expected a list of messages`)
  const messages = parseMessages(value[field], field, where)
  if (!messages.some(({ role }) => role === 'assistant'))
    throw new UserError(`${where}: ${field}: has no answer of the assistant to learn from`)
  const isSystem = field === 'conversations' && system && messages[0]?.role !== 'system'
  return {
    messages: isSystem ? [{ role: 'system', content: system }, ...messages] : messages,
    ...(tools && tools.length > 0 && { tools }),
    where,
  }
}

/** Whether there is something to learn: an answer that is not blank and has no weight 0. */
export const hasAnswer = ({ messages }: Conversation): boolean =>
  messages.some(
    ({ role, content, weight }) => role === 'assistant' && weight !== 0 && content.trim() !== '',
  )

/**
 * The conversations of JSONL and JSON files; see `parseConversation`. Those without an answer to
 * learn are left out, and reported. Throws UserError with file and line.
 */
export async function* readConversations(
  corpus: Pick<Corpus, 'records'>,
  report: Report = () => {},
): AsyncGenerator<Conversation> {
  for await (const conversation of parsedRecords(corpus, parseConversation)) {
    if (hasAnswer(conversation)) yield conversation
    else report({ kind: 'left-out', name: conversation.where, reason: reasonFor(conversation) })
  }
}

const reasonFor = ({ messages }: Conversation): string =>
  messages.some(({ role, weight }) => role === 'assistant' && weight !== 0)
    ? 'its answer is empty'
    : 'its answers all have weight 0'
