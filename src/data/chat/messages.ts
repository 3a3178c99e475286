import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { firstFault, withoutNulls } from '../parse-record.ts'

export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
  readonly reasoning_content?: string | undefined
  /** 0: read but not learned. */
  readonly weight?: 0 | 1 | undefined
}

/** Functions that the assistant might call, which the chat template describes to it. */
export const offeredTools = z.array(z.record(z.string(), z.unknown())).optional()

/** A field that messages must not have, except as an empty list. */
const none = (what: string) =>
  z.tuple([], { error: `calls of ${what} are not supported` }).optional()

/** OpenAI's: an answer of weight 0 is read but not learned. */
const weight = z.union([z.literal(0), z.literal(1)]).optional()

/** `{"role": "user", "content": "..."}`, as OpenAI writes messages. */
const message = z
  .object({
    // These come first, since a message with them has no content.
    tool_calls: none('tools'),
    function_call: none('functions'),
    role: z.enum(['system', 'user', 'assistant']),
    content: z.string(),
    /** What the assistant thought before its answer. */
    reasoning_content: z.string().optional(),
    weight,
  })
  .transform(({ tool_calls: _, function_call: __, ...rest }): Message => rest)

/** Who speaks in ShareGPT's form. */
const SPEAKERS = {
  system: 'system',
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  assistant: 'assistant',
} as const satisfies Record<string, Message['role']>
type Speaker = keyof typeof SPEAKERS

const OF_TOOLS = ['tool', 'function', 'function_call', 'function_response', 'observation']

/** `{"from": "human", "value": "..."}`, as ShareGPT writes messages. */
const turn = z
  .object({
    from: z.enum(Object.keys(SPEAKERS) as Speaker[], {
      error: ({ input }) =>
        OF_TOOLS.includes(input as string) ? 'calls of tools are not supported' : undefined,
    }),
    value: z.string(),
    weight,
  })
  .transform(({ from, value, ...rest }): Message => {
    return { role: SPEAKERS[from], content: value, ...rest }
  })

const listOf = <T extends z.ZodType<Message>>(item: T) =>
  z
    .array(z.preprocess(withoutNulls, item))
    .refine((messages) => messages.every(({ role }, i) => role !== 'system' || i === 0), {
      error: 'has a system message that is not the first',
    })
const [messages, turns] = [listOf(message), listOf(turn)]

/**
 * A message or a list of them, in OpenAI's form or ShareGPT's. Throws UserError that begins with
 * `where` and names the part of `field` at fault.
 */
export function parseMessages(value: unknown, field: string, where: string): Message[] {
  const isList = Array.isArray(value)
  const list: unknown[] = isList ? value : [value]
  const parsed = (isObject(list[0]) && 'from' in list[0] ? turns : messages).safeParse(list)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map((issue) => ({
    ...issue,
    path: [field, ...(isList ? issue.path : issue.path.slice(1))],
  }))
  throw new UserError(`${where}: ${firstFault({ issues }, { [field]: value })}`)
}

/** An instruction and what stands before it (Taori et al. 2023), as messages. */
export const instructionFields = z.object({
  instruction: z.string(),
  input: z.string().nullish(),
  // As LLaMA-Factory adds them.
  system: z.string().nullish(),
  history: z.array(z.tuple([z.string(), z.string()])).nullish(),
})

export function instructionMessages(fields: z.output<typeof instructionFields>): Message[] {
  const { instruction, input, system, history } = fields
  return [
    ...(system ? [{ role: 'system', content: system } as const] : []),
    ...(history ?? []).flatMap(([question, answer]): Message[] => [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ]),
    { role: 'user', content: input ? `${instruction}\n\n${input}` : instruction },
  ]
}

/** Throws UserError that begins with `where`. */
export function parseFields<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new UserError(`${where}: ${firstFault(parsed.error, value)}`)
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What a record is, where it is none of those expected. */
export const described = (value: unknown): string =>
  isObject(value)
    ? `an object with ${Object.keys(value).join(', ')}`
    : JSON.stringify(value).slice(0, 60)
