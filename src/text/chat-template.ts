import { UserError } from '../errors.ts'
import type { Body } from './jinja/ast.ts'
import { Budget, SIZE } from './jinja/budget.ts'
import { fail } from './jinja/fail.ts'
import { functions } from './jinja/functions.ts'
import { Interpreter } from './jinja/interpreter.ts'
import { parseTemplate } from './jinja/parse.ts'
import { from, type Piece, piecesOf, plain, type Str } from './jinja/text.ts'
import { Dict, Float, List, type Value } from './jinja/values.ts'

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
  /** What the assistant thinks before it answers, as Qwen and DeepSeek name it. */
  readonly reasoning_content?: string | undefined
  /** 0: read but not learned. */
  readonly weight?: 0 | 1 | undefined
}

/** ChatML (OpenAI 2023), the template of models that bring none. */
export const CHATML = `{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`

export interface TemplateInput {
  readonly messages: readonly Omit<ChatMessage, 'weight'>[]
  /** Descriptions of functions, as JSON. */
  readonly tools?: readonly unknown[] | undefined
  /** Whether to end with what the assistant's answer follows. */
  readonly addGenerationPrompt?: boolean | undefined
  /** The tokenizer's special tokens, by tokenizer_config.json's names: `bos_token` and so on. */
  readonly tokens?: Readonly<Record<string, string>> | undefined
  /** The time of `strftime_now`; default: that of the call. */
  readonly now?: Date | undefined
}

/** Characters; the longest templates in use have some 20,000. */
const LENGTH = 2 ** 16
/** Characters that a message counts for besides its own: a template does work for each. */
const PER_MESSAGE = 128
/** The source of text that is neither the template's nor a message's. */
const OTHER = -2

/**
 * Text of a conversation by a chat template (Jinja2 as transformers runs it; docs/compatibility.md
 * has what is understood). The template sees these inputs, the date and Jinja2's functions, no
 * files and nothing of the program; it may use limited time and memory (see `Budget`), in Node and
 * in the page alike. Throws UserError that says what is wrong with the template, or why it refuses
 * the conversation.
 */
export const renderTemplate = (template: string, input: TemplateInput): string =>
  plain(render(template, input))

/**
 * As `renderTemplate`, cut where one source ends and another begins: pieces of a message have its
 * index as their `source`, those of the template -1, and all others are negative too.
 */
export const renderPieces = (template: string, input: TemplateInput): Piece[] => [
  ...piecesOf(render(template, input)),
]

function render(
  template: string,
  { messages, tools, addGenerationPrompt = false, tokens = {}, now = new Date() }: TemplateInput,
): Str {
  let characters = tools ? JSON.stringify(tools).length : 0
  for (const { role, content, reasoning_content: thought = '' } of messages)
    characters += role.length + content.length + thought.length
  if (characters > SIZE) {
    throw new UserError(
      `the conversation has ${characters} characters; a chat template takes at most ${SIZE}`,
    )
  }
  const variables = {
    ...functions(now),
    ...tokens,
    messages: new List(messages.map(messageValue)),
    tools: toValue(tools ?? null, OTHER),
    documents: null,
    add_generation_prompt: addGenerationPrompt,
  }
  try {
    return new Interpreter(new Budget(characters + PER_MESSAGE * messages.length)).render(
      compiled(template),
      variables,
    )
  } catch (error) {
    const isTooDeep = error instanceof RangeError && error.message.includes('call stack')
    throw isTooDeep ? fail('it nests too deeply') : error
  }
}

function messageValue(
  { role, content, reasoning_content: thought }: TemplateInput['messages'][number],
  index: number,
): Value {
  const message = new Dict([
    ['role', role],
    ['content', from(content, index)],
  ])
  if (thought !== undefined) message.set('reasoning_content', from(thought, index))
  return message
}

/** A value of JSON, whose texts have `source`. */
function toValue(value: unknown, source: number): Value {
  if (typeof value === 'string') return from(value, source)
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : new Float(value)
  if (typeof value === 'boolean') return value
  if (Array.isArray(value)) return new List(value.map((one) => toValue(one, source)))
  if (typeof value !== 'object' || value === null) return null
  return new Dict(
    Object.entries(value).map(([key, one]) => [from(key, source), toValue(one, source)] as const),
  )
}

/** A model has one template, which is rendered for every conversation. */
let last: { readonly template: string; readonly body: Body } | undefined

function compiled(template: string): Body {
  if (last?.template === template) return last.body
  if (template.length > LENGTH) {
    throw new UserError(
      `the chat template has ${template.length} characters; at most ${LENGTH} are read`,
    )
  }
  last = { template, body: parseTemplate(template) }
  return last.body
}

/** Throws UserError where a template cannot be parsed. */
export const checkTemplate = (template: string): void => void compiled(template)

/** Those of `fields` (`tools`, `reasoning_content`) that a template does not read. */
export function unreadFields(template: string, fields: readonly string[]): string[] {
  const code = template.replace(/\{#.*?#\}/gs, '')
  return fields.filter((field) => !new RegExp(`\\b${field}\\b`).test(code))
}
