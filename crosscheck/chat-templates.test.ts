import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { UserError } from '../src/errors.ts'
import { type ChatMessage, renderTemplate } from '../src/text/chat-template.ts'
import { GRID } from './chat-templates/grid.ts'

const here = (path: string) => new URL(path, import.meta.url)
const NOW = [2024, 7, 4, 9, 5, 6] as const
const now = new Date(2024, 6, 4, 9, 5, 6)

interface Case {
  readonly template: string
  readonly variables: Record<string, unknown>
}
type Rendered = { readonly text: string } | { readonly error: string }

const isThere = (() => {
  try {
    execFileSync('python3', ['-c', 'import jinja2'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

function jinja2(cases: readonly Case[]): Rendered[] {
  if (!isThere) throw new Error('install Jinja2 (Debian: python3-jinja2) to compare with it')
  const script = here('chat-templates/oracle.py').pathname
  const input = JSON.stringify({ now: NOW, cases })
  return JSON.parse(execFileSync('python3', [script], { input, maxBuffer: 2 ** 28 }).toString())
}

const user = (content: string): ChatMessage => ({ role: 'user', content })
const assistant = (content: string, thought?: string): ChatMessage => ({
  role: 'assistant',
  content,
  ...(thought !== undefined && { reasoning_content: thought }),
})
const system: ChatMessage = { role: 'system', content: ' Answer briefly.\n' }

const TOOLS = [
  {
    type: 'function',
    function: {
      name: 'weather',
      description: 'The weather of a "place"; 天气',
      parameters: {
        type: 'object',
        properties: {
          place: { type: 'string', description: ' where ' },
          days: { type: 'integer', default: 3 },
          units: { type: 'string', enum: ['C', 'F'] },
          tags: { type: 'array', items: { type: 'string' } },
          limits: { type: ['number', 'null'] },
          box: { type: 'object', properties: { x: { type: 'float' }, y: {} }, required: ['x'] },
        },
        required: ['place'],
      },
    },
  },
  { type: 'function', function: { name: 'now', description: 'The time' } },
]

const CONVERSATIONS: Record<string, ChatMessage[]> = {
  'a question': [user('Hi')],
  'a system message': [system, user(' What is 1 < 2 & "3"?\n')],
  'several turns, with Chinese and emoji': [
    system,
    user('你好，世界 😀'),
    assistant(' 你好！\n\n'),
    user('\nline one\r\n  line two\n'),
    assistant('Yes.'),
    user('more'),
  ],
  'thinking in the content': [
    user('1 + 1?'),
    assistant('<think>\nhm\n</think>\n\n2'),
    user('and 2?'),
    assistant('<think>\n\n4, so\n</think>\n\n4'),
  ],
  'thinking in a field': [system, user('1 + 1?'), assistant('2', '\nhm\n')],
  'an empty answer': [user('a'), assistant(''), user('b'), assistant('c')],
  'a tool response that is a question': [user('<tool_response>1</tool_response>'), assistant('x')],
  'questions in a row': [user('a'), user('b')],
  'a channel': [user('a'), assistant('<|channel|>x'), user('b')],
}

const ARCHITECTURES = readdirSync(here('chat-templates')).filter((name) => name.endsWith('.jinja'))

test('there are ten architectures', () => expect(ARCHITECTURES).toHaveLength(10))

describe.skipIf(!isThere && !process.env.CI)('as in Jinja2', () => {
  test.each(ARCHITECTURES)('a template written like that of %s', (name) => {
    const template = readFileSync(here(`chat-templates/${name}`), 'utf8')
    const tokens = { bos_token: '<s>', eos_token: '</s>' }
    const inputs = Object.values(CONVERSATIONS).flatMap((messages) =>
      [undefined, TOOLS].flatMap((tools) =>
        [false, true].map((addGenerationPrompt) => ({ messages, tools, addGenerationPrompt })),
      ),
    )
    const theirs = jinja2(
      inputs.map(({ messages, tools, addGenerationPrompt }) => ({
        template,
        variables: {
          ...tokens,
          messages,
          tools: tools ?? null,
          documents: null,
          add_generation_prompt: addGenerationPrompt,
        },
      })),
    )
    let texts = 0
    for (const [i, input] of inputs.entries()) {
      const expected = theirs[i] as Rendered
      const render = () => renderTemplate(template, { ...input, tokens, now })
      if ('text' in expected) {
        expect(render()).toBe(expected.text)
        texts++
      } else {
        expect(expected.error).toMatch(/^TemplateError/)
        expect(render).toThrow(UserError)
        expect(render).toThrow('refuses this conversation')
      }
    }
    expect(texts).toBeGreaterThan(inputs.length / 2)
  })

  test('every operator, filter, test and method on every kind of value', () => {
    const theirs = jinja2(GRID.map((template) => ({ template, variables: {} })))
    let texts = 0
    for (const [i, template] of GRID.entries()) {
      const expected = theirs[i] as Rendered
      let text: string | undefined
      try {
        text = renderTemplate(template, { messages: [] })
      } catch (error) {
        // What is not done here is refused; nothing else may differ.
        expect(error, template).toBeInstanceOf(UserError)
        continue
      }
      expect(expected, template).toEqual({ text })
      texts++
    }
    const possible = theirs.filter((one) => 'text' in one).length
    expect(texts / possible).toBeGreaterThan(0.96)
  })

  test('the recorded cases', () => {
    const recorded: [string, string | null][] = JSON.parse(
      readFileSync(here('../test/jinja2-cases.json'), 'utf8'),
    )
    const messages = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: ' Hi 中😀 ' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: 'Bye' },
    ]
    const variables = { messages, tools: null, documents: null, add_generation_prompt: false }
    const theirs = jinja2(recorded.map(([template]) => ({ template, variables })))
    expect(theirs.map((one) => ('text' in one ? one.text : null))).toEqual(
      recorded.map(([, text]) => text),
    )
  })
})
