import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { firstFault, withoutNulls } from '../parse-record.ts'
import type { Corpus } from '../sources/corpus.ts'
import type { Report } from '../sources/data-event.ts'
import { parsedRecords } from '../sources/faults.ts'

/** A field that messages must not have, except as an empty list. */
const none = (what: string) =>
  z.tuple([], { error: `calls of ${what} are not supported` }).optional()

const messageSchema = z.object({
  // These come first, since a message with them has no content.
  tool_calls: none('tools'),
  function_call: none('functions'),
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
  /** What the assistant thought before its answer. */
  reasoning_content: z.string().optional(),
  /** OpenAI's: an answer of weight 0 is read but not learned. */
  weight: z.union([z.literal(0), z.literal(1)]).optional(),
})

/** OpenAI-style: `{"messages": [{"role": "user", "content": "..."}, ...]}`. */
const messagesSchema = z.object({
  messages: z
    .array(z.preprocess(withoutNulls, messageSchema))
    .refine((messages) => messages.some(({ role }) => role === 'assistant'), {
      error: 'has no answer of the assistant to learn from',
    })
    .refine((messages) => messages.every(({ role }, i) => role !== 'system' || i === 0), {
      error: 'has a system message that is not the first',
    }),
  /** Functions that the assistant might call, which the chat template describes to it. */
  tools: z.array(z.record(z.string(), z.unknown())).optional(),
})

/** Alpaca-style (Taori et al. 2023); `system` and `history` as LLaMA-Factory adds them. */
const instructionSchema = z.object({
  instruction: z.string(),
  input: z.string().nullish(),
  output: z.string(),
  system: z.string().nullish(),
  history: z.array(z.tuple([z.string(), z.string()])).nullish(),
})

export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
  readonly reasoning_content?: string | undefined
  /** 0: read but not learned. */
  readonly weight?: 0 | 1 | undefined
}

export interface Conversation {
  readonly messages: readonly Message[]
  readonly tools?: readonly Readonly<Record<string, unknown>>[] | undefined
  /** File and line, for messages about it. */
  readonly where: string
}

/**
 * One record of instruction data: OpenAI-style messages, or Alpaca-style instruction, input and
 * output. A field that is null is as one that is not there. Throws UserError that begins with
 * `where`.
 */
export function parseConversation(given: unknown, where: string): Conversation {
  const value = withoutNulls(given)
  if (isObject(value) && 'messages' in value) {
    const { messages, tools } = check(messagesSchema, value, where)
    return {
      messages: messages.map(({ tool_calls: _, function_call: __, ...message }) => message),
      ...(tools && tools.length > 0 && { tools }),
      where,
    }
  }
  if (isObject(value) && 'instruction' in value) {
    const { instruction, input, output, system, history } = check(instructionSchema, value, where)
    const messages: Message[] = system ? [{ role: 'system', content: system }] : []
    const turns = [...(history ?? []), [input ? `${instruction}\n\n${input}` : instruction, output]]
    for (const [question = '', answer = ''] of turns) {
      messages.push({ role: 'user', content: question }, { role: 'assistant', content: answer })
    }
    return { messages, where }
  }
  const found = isObject(value)
    ? `an object with ${Object.keys(value).join(', ')}`
    : JSON.stringify(value).slice(0, 60)
  throw new UserError(
    `${where}: found ${found}; expected {"messages": [{"role", "content"}, ...]} or ` +
      '{"instruction", "input", "output"}',
  )
}

/** Whether there is something to learn: an answer that is not blank and has no weight 0. */
export const hasAnswer = ({ messages }: Conversation): boolean =>
  messages.some(
    ({ role, content, weight }) => role === 'assistant' && weight !== 0 && content.trim() !== '',
  )

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new UserError(`${where}: ${firstFault(parsed.error, value)}`)
}

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
