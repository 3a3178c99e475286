import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { withoutNulls } from '../parse-record.ts'
import type { Corpus } from '../sources/corpus.ts'
import type { Report } from '../sources/data-event.ts'
import { parsedRecords } from '../sources/faults.ts'
import { described, isObject, type Message, offeredTools, parseFields } from './messages.ts'
import { promptOf, textOrMessages, withSystem } from './prompts.ts'

/** Two answers to one prompt, of which one is better. */
export interface Preference {
  /** Ends with a message of the user. */
  readonly prompt: readonly Message[]
  /** Begin and end with messages of the assistant: nearly always one alone. */
  readonly chosen: readonly Message[]
  readonly rejected: readonly Message[]
  /** By how much `chosen` is better, 0 or more (Touvron et al. 2023). */
  readonly margin?: number | undefined
  readonly tools?: readonly Readonly<Record<string, unknown>>[] | undefined
  /** File and line, for messages about it. */
  readonly where: string
}

const besides = z.object({
  tools: offeredTools,
  system: z.string().optional(),
  /** In tables, numbers are text, and a cell may be empty. */
  margin: z.preprocess(
    (given) => (typeof given !== 'string' ? given : given.trim() ? Number(given) : undefined),
    z.number({ error: 'expected a number' }).min(0, { error: 'expected 0 or more' }).optional(),
  ),
})

/**
 * One record of preferences:
 *
 * - `prompt` (a text, or messages), `chosen` and `rejected` (a text, a message, or messages);
 *   `messages`, ShareGPT's `conversations` or Alpaca's `instruction` and `input` are prompts too
 * - `chosen` and `rejected` alone, whole conversations that begin with the same messages: lists of
 *   them, or texts `\n\nHuman: ...\n\nAssistant: ...` (Bai et al. 2022); `system` goes before them
 *
 * Messages may be in OpenAI's form or ShareGPT's. A field that is null is as one that is not there.
 * Throws UserError that begins with `where`.
 */
export function parsePreference(given: unknown, where: string): Preference {
  const value = withoutNulls(given)
  if (!isObject(value) || !('chosen' in value) || !('rejected' in value))
    throw new UserError(
      `${where}: found ${described(value)}; expected {"prompt": "...", "chosen": "...", ` +
        '"rejected": "..."}, or conversations as "chosen" and "rejected"',
    )
  const { tools, margin, system } = parseFields(besides, value, where)
  const prompt = promptOf(value, where)
  const answers = (['chosen', 'rejected'] as const).map((field) =>
    textOrMessages(value[field], { field, where, role: 'assistant' }),
  ) as [Message[], Message[]]
  return {
    ...divide(answers, { prompt, system, where }),
    ...(margin !== undefined && { margin }),
    ...(tools && tools.length > 0 && { tools }),
    where,
  }
}

/** Prompt and answers; the answers may be whole conversations, with the prompt in them. */
function divide(
  [chosen, rejected]: readonly [readonly Message[], readonly Message[]],
  {
    prompt,
    system,
    where,
  }: { prompt: readonly Message[] | undefined; system: string | undefined; where: string },
): Pick<Preference, 'prompt' | 'chosen' | 'rejected'> {
  const refuse = (trouble: string): never => {
    throw new UserError(`${where}: ${trouble}`)
  }
  for (const [name, messages] of Object.entries({ chosen, rejected }))
    if (messages.at(-1)?.role !== 'assistant')
      refuse(`${name}: expected an answer of the assistant at its end`)
  const alone = [chosen, rejected].filter(([first]) => first?.role === 'assistant').length
  if (alone === 1)
    refuse('of chosen and rejected, one is an answer alone and the other a whole conversation')
  if (alone === 2) return { prompt: prompt ?? refuse('prompt is missing'), chosen, rejected }
  let shared = 0
  while (shared < Math.min(chosen.length, rejected.length) - 1 && isSame(chosen, rejected, shared))
    shared++
  const begin = chosen.slice(0, shared)
  const [better, worse] = [chosen.slice(shared), rejected.slice(shared)]
  const isAnswered = [better, worse].every(([first]) => first?.role === 'assistant')
  if (begin.at(-1)?.role !== 'user' || !isAnswered)
    refuse('chosen and rejected differ in more than the answers of the assistant')
  const [first] = prompt ?? []
  const before = withSystem(begin, first?.role === 'system' ? first.content : system)
  // A prompt may be the last of the messages alone, and yet have a system message.
  const isSystemAlike = first?.role !== 'system' || isSame(before, [first], 0)
  const asked = prompt?.filter(({ role }) => role !== 'system') ?? []
  if (!isSystemAlike || !endsWith(before, asked))
    refuse(
      'chosen and rejected are whole conversations, and the messages before their answers are ' +
        'not those of the prompt beside them; leave the prompt out, or give the answers alone',
    )
  return { prompt: before, chosen: better, rejected: worse }
}

const isSame = (a: readonly Message[], b: readonly Message[], i: number, j = i): boolean =>
  (['role', 'content', 'reasoning_content'] as const).every(
    (field) => a[i]?.[field] === b[j]?.[field],
  )

const endsWith = (messages: readonly Message[], end: readonly Message[]): boolean =>
  end.every((_, i) => isSame(messages, end, messages.length - end.length + i, i))

/**
 * The preferences of JSONL and JSON files and tables; see `parsePreference`. Those that prefer
 * nothing, since both answers are the same or one is empty or has weight 0, are left out, and
 * reported. Throws UserError with file and line.
 */
export async function* readPreferences(
  corpus: Pick<Corpus, 'records'>,
  report: Report = () => {},
): AsyncGenerator<Preference> {
  for await (const preference of parsedRecords(corpus, parsePreference)) {
    const reason = reasonToLeaveOut(preference)
    if (reason === undefined) yield preference
    else report({ kind: 'left-out', name: preference.where, reason })
  }
}

function reasonToLeaveOut({ chosen, rejected }: Preference): string | undefined {
  const isBlank = [chosen, rejected].some((answer) => answer.at(-1)?.content.trim() === '')
  if (isBlank) return 'an answer is empty'
  for (const [name, answer] of Object.entries({ chosen, rejected }))
    if (answer.every(({ role, weight }) => role !== 'assistant' || weight === 0))
      return `the answers of ${name} all have weight 0`
  const isEqual = chosen.length === rejected.length && endsWith(chosen, rejected)
  return isEqual ? 'chosen and rejected are the same' : undefined
}
