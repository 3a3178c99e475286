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
  /** False: without a chat template, the model continued the text of the last message. */
  templated: boolean
  /** Messages left out, because the context had no room for them. */
  omitted: number
}

/**
 * The assistant's answer to a conversation. A model without a chat template continues the text of
 * the last message; `templated` is then false. If the conversation leaves no room for an answer in
 * the context, the oldest messages after the system's are left out. Throws UserError for an invalid
 * option, if the template refuses the messages, or if the last message alone is too long.
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

/** As `chat`, but yields pieces of the answer, and returns the whole. */
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
    return { ...generated, templated: false, omitted: 0 }
  }
  const { ids, omitted } = fitPrompt(model, template, messages, checked.maxTokens)
  const end = endOfTurn(tokenizer, template)
  const stopIds = end === undefined ? [] : [end]
  const generated = yield* streamFromTokens(model, { ids }, { ...checked, stopIds })
  return { ...generated, templated: true, omitted }
}

/** Share of the context that is reserved for an answer of unlimited length. */
const ANSWER_SHARE = 1 / 4

/**
 * The prompt of as many of the last messages as fit; the system's and the last are always kept. The
 * search starts at the end, in steps that double, so that its cost depends on what fits, not on the
 * length of the conversation.
 */
function fitPrompt(
  { tokenizer, context }: LanguageModel,
  template: string,
  messages: readonly ChatMessage[],
  maxTokens = Number.POSITIVE_INFINITY,
): { ids: number[]; omitted: number } {
  // The model does not read the last token of an answer.
  const room = context + 1 - Math.min(maxTokens, Math.floor(context * ANSWER_SHARE))
  const system = messages[0]?.role === 'system' ? messages.slice(0, 1) : []
  const promptFrom = (start: number) => {
    const some = [...system, ...messages.slice(start)]
    return encodeConversation(tokenizer, template, some, { addGenerationPrompt: true }).ids
  }
  // A conversation must not begin with an answer.
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
  return { ids, omitted: Math.max(0, (starts[fitting] ?? 0) - system.length) }
}
