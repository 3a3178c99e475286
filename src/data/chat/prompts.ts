import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { withoutNulls } from '../parse-record.ts'
import type { Corpus } from '../sources/corpus.ts'
import { parsedRecords } from '../sources/faults.ts'
import {
  described,
  instructionFields,
  instructionMessages,
  isObject,
  type Message,
  parseFields,
  parseMessages,
} from './messages.ts'
import { isTranscript, parseTranscript } from './transcript.ts'

/** What a model is asked, and by what its answers can be checked. */
export interface Prompt {
  /** Ends with a message of the user. */
  readonly prompt: readonly Message[]
  readonly answer?: string | undefined
  /** All fields of the record, as they are, for a reward that needs them. */
  readonly fields: Readonly<Record<string, unknown>>
  /** File and line, for messages about it. */
  readonly where: string
}

const besides = z.object({
  system: z.string().optional(),
  /** Numbers are usual for exercises. */
  answer: z.union([z.string(), z.number().transform(String)]).optional(),
})

/**
 * One record with a prompt, a text or messages, and perhaps the right answer. A field that is null
 * is as one that is not there. Throws UserError that begins with `where`.
 */
export function parsePrompt(given: unknown, where: string): Prompt {
  const value = withoutNulls(given)
  const prompt = isObject(value) ? promptOf(value, where) : undefined
  if (!isObject(value) || !prompt)
    throw new UserError(
      `${where}: found ${described(value)}; expected {"prompt": "..."} or {"prompt": [{"role", ` +
        '"content"}, ...]}, at times with "answer"',
    )
  const { answer } = parseFields(besides, value, where)
  return { prompt, ...(answer !== undefined && { answer }), fields: value, where }
}

/**
 * The prompt of a record: `prompt`, a text or messages, `messages` or `conversations` that end with
 * the user's, or `instruction` and `input`; `system` goes before it. Undefined where the record has
 * none of them. Throws UserError that begins with `where`.
 */
export function promptOf(
  value: Readonly<Record<string, unknown>>,
  where: string,
): Message[] | undefined {
  if (!('prompt' in value) && 'instruction' in value)
    return instructionMessages(parseFields(instructionFields, value, where))
  const field = ['prompt', 'messages', 'conversations'].find((name) => name in value)
  if (field === undefined) return undefined
  const { system } = parseFields(besides, value, where)
  const messages = textOrMessages(value[field], { field, where, role: 'user' })
  // A dialogue in one text may end with the name of who is to speak next.
  if (messages.at(-1)?.role === 'assistant' && messages.at(-1)?.content === '') messages.pop()
  if (messages.at(-1)?.role !== 'user')
    throw new UserError(`${where}: ${field}: expected a message of the user at its end`)
  return withSystem(messages, system)
}

/** The messages after one of the system, unless they have their own. */
export const withSystem = (messages: readonly Message[], system: string | undefined): Message[] =>
  !system || messages[0]?.role === 'system'
    ? [...messages]
    : [{ role: 'system', content: system }, ...messages]

/** A text of `role`, a dialogue in one text, or messages. */
export function textOrMessages(
  value: unknown,
  { field, where, role }: { field: string; where: string; role: Message['role'] },
): Message[] {
  if (typeof value !== 'string') return parseMessages(value, field, where)
  return isTranscript(value) ? parseTranscript(value) : [{ role, content: value }]
}

/** The prompts of JSONL and JSON files and tables; see `parsePrompt`. Throws UserError. */
export const readPrompts = (corpus: Pick<Corpus, 'records'>): AsyncGenerator<Prompt> =>
  parsedRecords(corpus, parsePrompt)
