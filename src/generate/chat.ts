import { UserError } from '../errors.ts'
import { parseOptions } from '../options.ts'
import type { ChatMessage } from '../text/chat-template.ts'
import { encodeConversation, endOfTurn } from '../text/render-conversation.ts'
import { type Generated, streamFromTokens } from './from-tokens.ts'
import type { LanguageModel } from './language-model.ts'
import { type ChatOptions, chatOptions } from './options.ts'
import { promptOf } from './prompt.ts'
import type { Piece } from './sequence.ts'

export interface Answer extends Generated {
  /** False: the model has no chat template, and its text goes on from the last message. */
  templated: boolean
  /** Messages for which the context had no room. */
  forgotten: number
}

/**
 * The assistant's answer to a conversation. A model without a chat template continues the text of
 * the last message instead, and `templated` says so. Where the conversation leaves no room in the
 * context for an answer, the oldest messages after the system's are left out. Throws UserError with
 * the option at fault, where the template refuses the messages, or where the last one alone is too
 * long.
 *
 * @example
 * const { text } = await chat(model, [{ role: 'user', content: 'Who are you?' }])
 */
export async function chat(
  model: LanguageModel,
  messages: readonly ChatMessage[],
  options: ChatOptions = {},
): Promise<Answer> {
  const pieces = streamChat(model, messages, options)
  for (;;) {
    const { done, value } = await pieces.next()
    if (done) return value
  }
}

/** As `chat`, piece by piece; what it returns at the end is the whole. */
export async function* streamChat(
  model: LanguageModel,
  messages: readonly ChatMessage[],
  { signal, ...options }: ChatOptions = {},
): AsyncGenerator<Piece, Answer> {
  const checked = { ...parseOptions(chatOptions, options), signal }
  const { tokenizer, chatTemplate: template } = model
  const last = messages.at(-1)
  if (!last) throw new UserError('a chat begins with a message; none was given')
  if (!template) {
    const prompt = promptOf(model, { prompt: last.content })
    const generated = yield* streamFromTokens(model, prompt, checked)
    return { ...generated, templated: false, forgotten: 0 }
  }
  const { ids, forgotten } = fitPrompt(model, template, messages, checked.maxTokens)
  const end = endOfTurn(tokenizer, template)
  const stopIds = end === undefined ? [] : [end]
  const generated = yield* streamFromTokens(model, { ids }, { ...checked, stopIds })
  return { ...generated, templated: true, forgotten }
}

/** Share of the context that is kept free for an answer, where its length is not limited. */
const ANSWER_SHARE = 1 / 4

/**
 * The prompt of as many of the last messages as fit; the system's always stays, and the last. It is
 * looked for from the end, in steps that double, so that the work depends on what fits rather than
 * on the length of the conversation.
 */
function fitPrompt(
  { tokenizer, context }: LanguageModel,
  template: string,
  messages: readonly ChatMessage[],
  maxTokens = Number.POSITIVE_INFINITY,
): { ids: number[]; forgotten: number } {
  // The last token of an answer is not read.
  const room = context + 1 - Math.min(maxTokens, Math.floor(context * ANSWER_SHARE))
  const system = messages[0]?.role === 'system' ? messages.slice(0, 1) : []
  const promptFrom = (start: number) => {
    const some = [...system, ...messages.slice(start)]
    return encodeConversation(tokenizer, template, some, { addGenerationPrompt: true }).ids
  }
  // A conversation begins with what the user says.
  const last = messages.length - 1
  const starts = [...messages.keys()].filter(
    (i) => i >= system.length && (messages[i]?.role !== 'assistant' || i === last),
  )
  let fitting = Math.max(0, starts.length - 1)
  let ids = promptFrom(starts[fitting] ?? system.length)
  let tooEarly = -1
  let step = 1
  while (ids.length <= room && fitting - tooEarly > 1) {
    const isGrowing = tooEarly < 0
    const next = isGrowing ? Math.max(0, fitting - step) : (fitting + tooEarly) >> 1
    const longer = promptFrom(starts[next] as number)
    if (longer.length > room) tooEarly = next
    else {
      fitting = next
      ids = longer
      step *= 2
    }
  }
  return { ids, forgotten: Math.max(0, (starts[fitting] ?? 0) - system.length) }
}
