import { UserError } from '../errors.ts'
import { type ChatMessage, renderTemplate } from './chat-template.ts'

/** A message's place in a rendered conversation. */
export interface ChatTurn {
  readonly message: ChatMessage
  /** What the template writes before the content. */
  readonly before: string
  /** The end of `before` that is the answer's already: it follows the generation prompt. */
  readonly lead: string
  /** The content as the template writes it, for instance without the blanks around it. */
  readonly content: string
}

export interface ChatTurns {
  readonly turns: readonly ChatTurn[]
  /** What the template writes after the last content. */
  readonly after: string
}

export interface ChatOptions {
  readonly addGenerationPrompt?: boolean
  readonly bosToken?: string
  readonly eosToken?: string
}

/**
 * Renders a conversation and tells apart what the template writes and what the messages hold: it is
 * rendered with a character that occurs nowhere in place of each content, and cut there. Throws
 * UserError where the template depends on the contents in a way that cannot be followed.
 */
export function chatTurns(
  template: string,
  messages: readonly ChatMessage[],
  options: ChatOptions = {},
): ChatTurns {
  const render = (some: readonly ChatMessage[], isPrompt?: boolean) =>
    renderTemplate(template, {
      ...options,
      messages: some,
      addGenerationPrompt: isPrompt ?? options.addGenerationPrompt,
    })
  const marks = unusedCharacters(messages.length, template, messages, options)
  const marked = messages.map((message, i) => ({ ...message, content: marks[i] as string }))
  const outline = render(marked)
  const numbers = new Map(marks.map((mark, i) => [mark, i]))
  const found: { message: ChatMessage; before: string; lead: string }[] = []
  let start = 0
  for (let i = 0; i < outline.length; i++) {
    const mark = String.fromCodePoint(outline.codePointAt(i) as number)
    const number = numbers.get(mark)
    if (number === undefined) continue
    const message = messages[number] as ChatMessage
    // What is learned begins where the generation prompt ends, so that it is what follows one.
    const isAnswer = message.role === 'assistant' && number > 0
    const prompt = isAnswer ? render(marked.slice(0, number), true) : undefined
    const isPrefix =
      prompt !== undefined &&
      prompt.length >= start &&
      prompt.length <= i &&
      outline.startsWith(prompt)
    const lead = isPrefix ? outline.slice(prompt.length, i) : ''
    found.push({ message, before: outline.slice(start, i - lead.length), lead })
    start = i + mark.length
    i = start - 1
  }
  const after = outline.slice(start)
  const pieces = found.map(({ before, lead }) => before + lead)
  const contents = contentsOf(
    render(messages),
    [...pieces, after],
    found.map(({ message }) => message.content),
  )
  return { turns: found.map((turn, i) => ({ ...turn, content: contents[i] as string })), after }
}

/**
 * The contents as they stand in `text` between the pieces of the template: as they were given, or
 * else what the template made of them.
 */
function contentsOf(
  text: string,
  pieces: readonly string[],
  given: readonly string[],
): readonly string[] {
  if (text === pieces.map((piece, i) => piece + (given[i] ?? '')).join('')) return given
  const last = pieces.at(-1) as string
  const end = text.length - last.length
  let start = pieces[0]?.length ?? 0
  if (!text.startsWith(pieces[0] ?? '') || !text.endsWith(last)) throw untraceable()
  return given.map((content, i) => {
    const next = pieces[i + 1] as string
    const isLast = i + 1 === given.length
    // A piece that the content holds too could be either's.
    if (!isLast && (next === '' || content.includes(next))) throw untraceable(content)
    const stop = isLast ? end : text.indexOf(next, start)
    if (stop < start || stop > end) throw untraceable(content)
    const made = text.slice(start, stop)
    start = stop + next.length
    return made
  })
}

function untraceable(content?: string): UserError {
  const which = content === undefined ? '' : ` ${JSON.stringify(content.slice(0, 60))}`
  return new UserError(
    `the chat template changes the message${which} so that it cannot be told from the template's own text; use another template, or ChatML`,
  )
}

/** Private-use characters that appear neither in the template nor in the conversation. */
function unusedCharacters(
  count: number,
  template: string,
  messages: readonly ChatMessage[],
  { bosToken = '', eosToken = '' }: ChatOptions,
): string[] {
  const used = new Set<string>()
  const texts = [template, bosToken, eosToken, ...messages.map(({ content }) => content)]
  for (const text of texts) for (const [mark] of text.matchAll(/\p{Co}/gu)) used.add(mark)
  const marks: string[] = []
  for (const [first, last] of PRIVATE_USE) {
    for (let point = first; point <= last && marks.length < count; point++) {
      const mark = String.fromCodePoint(point)
      if (!used.has(mark)) marks.push(mark)
    }
  }
  if (marks.length < count) {
    throw new UserError(`a conversation of ${count} messages is too long for a chat template`)
  }
  return marks
}

const PRIVATE_USE = [
  [0xe000, 0xf8ff],
  [0xf0000, 0xffffd],
  [0x100000, 0x10fffd],
] as const
