import { UserError } from '../errors.ts'
import { checkTemplate } from './check-template.ts'
import { type Node, parseTemplate } from './jinja.ts'
import { runLimited, SIZE } from './limited-interpreter.ts'

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
  /** 0: read but not learned. */
  readonly weight?: 0 | 1 | undefined
}

/** ChatML (OpenAI 2023), the template of models that bring none. */
export const CHATML = `{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`

export interface TemplateInput {
  readonly messages: readonly Pick<ChatMessage, 'role' | 'content'>[]
  /** Whether to end with what the assistant's answer follows. */
  readonly addGenerationPrompt?: boolean
  readonly bosToken?: string
  readonly eosToken?: string
}

/** Characters; the longest templates in use have some 20,000. */
const LENGTH = 2 ** 16
/** The longest run of white space: the lexer takes its square in steps. */
const BLANKS = 1000
/** Numbers in a range. */
const RANGE = 100_000

/**
 * Text of a conversation by a chat template (Jinja, as `tokenizer_config.json` holds it). The template
 * sees these inputs and `range`, no clock, no files and nothing of the program; it may use limited time
 * and memory (see `runLimited`), in Node and in the page alike. Throws UserError that says what is
 * wrong with the template, or why it refuses the conversation.
 */
export function renderTemplate(
  template: string,
  { messages, addGenerationPrompt = false, bosToken = '', eosToken = '' }: TemplateInput,
): string {
  let characters = 0
  for (const { role, content } of messages) characters += role.length + content.length
  if (characters > SIZE) {
    throw new UserError(
      `the conversation has ${characters} characters; a chat template takes at most ${SIZE}`,
    )
  }
  const { program, outputs } = compiled(template)
  const variables = {
    messages: messages.map(({ role, content }) => ({ role, content })),
    add_generation_prompt: addGenerationPrompt,
    bos_token: bosToken,
    eos_token: eosToken,
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range,
    raise_exception: (reason: unknown) => {
      throw new UserError(`the chat template refuses this conversation: ${reason}`)
    },
  }
  try {
    return runLimited(program, outputs, variables, { characters, length: template.length })
  } catch (error) {
    throw templateError(error)
  }
}

interface Compiled {
  readonly template: string
  readonly program: Node
  readonly outputs: ReadonlySet<Node>
}

/** A model has one template, which is rendered for every conversation. */
let last: Compiled | undefined

function compiled(template: string): Compiled {
  if (last?.template === template) return last
  if (template.length > LENGTH) {
    throw new UserError(
      `the chat template has ${template.length} characters; at most ${LENGTH} are read`,
    )
  }
  if (new RegExp(`\\s{${BLANKS}}`).test(template)) {
    throw new UserError(`the chat template has a blank of more than ${BLANKS} characters`)
  }
  try {
    const program = parseTemplate(template)
    last = { template, program, outputs: checkTemplate(program) }
    return last
  } catch (error) {
    // The parser reads on past the last token.
    if (!(error instanceof TypeError)) throw templateError(error)
    throw new UserError('the chat template ends too early: a bracket or an end tag is missing', {
      cause: error,
    })
  }
}

function templateError(error: unknown): Error {
  if (error instanceof UserError) return error
  if (!(error instanceof Error)) return new UserError(`the chat template fails: ${error}`)
  const isTooDeep = error instanceof RangeError && error.message.includes('call stack')
  const problem = isTooDeep ? 'it nests too deeply' : error.message
  return new UserError(`the chat template fails: ${problem}`, { cause: error })
}

/** Python's range, of limited length. */
function range(...bounds: unknown[]): number[] {
  const [first, second, step = 1] = bounds
  const [start, stop] = second === undefined ? [0, first] : [first, second]
  if (![start, stop, step].every(Number.isSafeInteger) || step === 0) {
    throw new UserError(
      `the chat template asks for range(${bounds.join(', ')}), which has no meaning`,
    )
  }
  const [from, by] = [start as number, step as number]
  const length = Math.max(0, Math.ceil(((stop as number) - from) / by))
  if (length > RANGE) {
    throw new UserError(
      `the chat template asks for a range of ${length}; at most ${RANGE} are made`,
    )
  }
  return Array.from({ length }, (_, i) => from + i * by)
}
