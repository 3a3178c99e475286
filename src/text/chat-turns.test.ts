import { beforeEach, describe, expect, it, vi } from 'vitest'
import { CHATML, type ChatMessage, renderPieces } from './chat-template.ts'
import { chatTurns } from './chat-turns.ts'

vi.mock('./chat-template.ts', async (original) => {
  const actual = await original<typeof import('./chat-template.ts')>()
  return { ...actual, renderPieces: vi.fn(actual.renderPieces) }
})
const rendered = vi.mocked(renderPieces)
beforeEach(() => {
  rendered.mockClear()
})

const conversation = (length: number): ChatMessage[] =>
  Array.from({ length }, (_, i) => ({
    role: i % 2 ? 'assistant' : 'user',
    content: i % 6 === 3 ? '' : `message ${i}`,
  }))

describe('chatTurns', () => {
  it.each([
    ['ChatML', CHATML],
    [
      'numbered rounds',
      "{% for m in messages %}{% if m.role == 'user' %}[Round {{ loop.index0 // 2 + 1 }}]\n\nQ: " +
        '{{ m.content }}\n\nA:{% else %}{{ m.content }}\n\n{% endif %}{% endfor %}',
    ],
    [
      'empty contents left out',
      CHATML.replace(
        '{{ message.content }}',
        '{% if message.content %}{{ message.content }}{% endif %}',
      ),
    ],
  ])('renders a conversation of any length a few times: %s', (_, template) => {
    const parts = chatTurns(template, conversation(6000))
    expect(new Set(parts.map(({ answer }) => answer)).size).toBe(3001)
    expect(rendered.mock.calls.length).toBeLessThan(8)
  })

  it('gives an answer what the template writes in it, and the rest of a generation prompt', () => {
    const template =
      "{% for m in messages %}{% if m.role == 'user' %}<u>{{ m.content }}{% else %}<a>{% if " +
      'loop.last %}<think>{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}<e>{% endif ' +
      '%}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}'
    const answer = { role: 'assistant', content: 'yes', reasoning_content: 'hm' } as const
    const parts = chatTurns(template, [{ role: 'user', content: 'q' }, answer])
    expect(
      parts.map(({ text, isTemplate, answer: of }) => [text, isTemplate, of === answer]),
    ).toEqual([
      ['<u>', true, false],
      ['q', false, false],
      ['<a>', true, false],
      ['<think>', true, true],
      ['hm', false, true],
      ['</think>', true, true],
      ['yes', false, true],
      ['<e>', true, false],
    ])
  })

  it('tells a content from the same text of the template', () => {
    const parts = chatTurns('{% for m in messages %}a{{ m.content }}a{% endfor %}', [
      { role: 'user', content: 'a' },
    ])
    expect(parts.map(({ text, isTemplate }) => text + isTemplate)).toEqual([
      'atrue',
      'afalse',
      'atrue',
    ])
  })
})
