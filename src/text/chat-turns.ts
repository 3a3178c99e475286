import { type ChatMessage, renderPieces } from './chat-template.ts'
import { TEMPLATE } from './jinja/text.ts'

/** A part of a rendered conversation. */
export interface ChatPart {
  readonly text: string
  /** Whether the template wrote it; only its text makes special tokens. */
  readonly isTemplate: boolean
  /** The message of the assistant that it belongs to; what ends an answer is not a part of it. */
  readonly answer: ChatMessage | undefined
}

export interface ChatOptions {
  readonly tools?: readonly unknown[] | undefined
  readonly addGenerationPrompt?: boolean
  readonly tokens?: Readonly<Record<string, string>>
}

/**
 * Renders a conversation and tells apart what the template writes and what the messages hold. An
 * answer begins where the generation prompt ends, so that what is learned is what follows one, and
 * reaches to the last of its content: what the template writes in between is the answer's too.
 */
export function chatTurns(
  template: string,
  messages: readonly ChatMessage[],
  options: ChatOptions = {},
): ChatPart[] {
  const now = new Date()
  const pieces = renderPieces(template, { ...options, messages, now })
  const shown = new Set(pieces.map(({ source }) => source))
  const parts: ChatPart[] = []
  const push = (text: string, isTemplate: boolean, answer?: ChatMessage): void => {
    if (text !== '' || answer) parts.push({ text, isTemplate, answer })
  }

  // A template writes the same after the same; so a few renderings do for all the answers.
  const tails = new Map<string, string[]>()
  const strange = new Set<string>()
  /** Where the generation prompt for message `index` ends in the text after what stands before. */
  const promptEnd = (gap: string, before: number | undefined, index: number) => {
    const role = before === undefined ? '' : messages[before]?.role
    const situation = `${role} ${index - (before ?? 0)}`
    const known = tails.get(situation) ?? []
    tails.set(situation, known)
    const found = known.find((tail) => gap.startsWith(tail))
    if (found !== undefined) return found.length
    if (strange.has(`${situation} ${gap}`)) return undefined
    const some = messages.slice(0, index)
    const prompt = renderPieces(template, {
      ...options,
      messages: some,
      addGenerationPrompt: true,
      now,
    })
    const last = prompt.at(-1)
    const tail = last?.source === TEMPLATE ? last.text : ''
    const end = prompt.at(tail === '' ? -1 : -2)
    if (end?.source === before && gap.startsWith(tail)) {
      known.push(tail)
      return tail.length
    }
    strange.add(`${situation} ${gap}`)
    return undefined
  }

  /** What the template writes between two contents, with the answers there that show none. */
  const pushGap = (gap: string, before: number | undefined, next: number | undefined): void => {
    let from = 0
    for (let i = (before ?? 0) + 1; i < (next ?? messages.length); i++) {
      const answer = messages[i]
      if (answer?.role !== 'assistant' || shown.has(i)) continue
      const start = promptEnd(gap, before, i)
      if (start === undefined || start < from) continue
      push(gap.slice(from, start), true)
      push('', true, answer)
      from = start
    }
    const message = next === undefined ? undefined : messages[next]
    const isAnswer = message?.role === 'assistant' && next !== 0
    const lead = isAnswer ? promptEnd(gap, before, next as number) : undefined
    const end = Math.max(from, lead ?? gap.length)
    push(gap.slice(from, end), true)
    if (end < gap.length) push(gap.slice(end), true, message)
  }

  let gap = ''
  let before: number | undefined
  for (const { text, source } of pieces) {
    if (source === TEMPLATE) {
      gap = text
      continue
    }
    const message = messages[source]
    const answer = message?.role === 'assistant' ? message : undefined
    if (answer && source === before) push(gap, true, answer)
    else pushGap(gap, before, source)
    push(text, false, answer)
    gap = ''
    before = source
  }
  pushGap(gap, before, undefined)
  return parts
}
