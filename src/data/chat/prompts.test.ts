import { describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import { parsePrompt } from './prompts.ts'

const where = 'sums.jsonl:2'
const parse = (value: unknown) => parsePrompt(value, where)
const user = (content: string) => ({ role: 'user', content }) as const

describe('parsePrompt', () => {
  it('reads a prompt and its answer, and keeps all fields', () => {
    const value = { prompt: '一加一，等于？', answer: '二', level: 3, tags: ['数'] }
    const expected = { prompt: [user('一加一，等于？')], answer: '二', fields: value, where }
    expect(parse(value)).toEqual(expected)
    const messages = [{ role: 'system', content: 'Count.' }, user('1+1=')]
    const prompted = { prompt: messages, answer: 2 }
    expect(parse(prompted)).toEqual({ prompt: messages, answer: '2', fields: prompted, where })
    expect(parse({ prompt: '1+1=', answer: null })).toEqual({
      prompt: [user('1+1=')],
      fields: { prompt: '1+1=' },
      where,
    })
  })

  it('reads instructions, messages and dialogues that end with the user', () => {
    expect(parse({ instruction: 'Add.', input: '1 + 1', output: '2' }).prompt).toEqual([
      user('Add.\n\n1 + 1'),
    ])
    const turns = [{ from: 'human', value: 'Hi' }]
    for (const value of [{ conversations: turns }, { messages: [user('Hi')] }])
      expect(parse(value).prompt).toEqual([user('Hi')])
    expect(parse({ prompt: '\n\nHuman: Hi\n\nAssistant:' }).prompt).toEqual([user('Hi')])
  })

  it.each([
    [{ question: 'x' }, 'found an object with question; expected {"prompt"'],
    ['x', 'found "x"'],
    [{ prompt: 1 }, 'prompt: Invalid input'],
    [{ prompt: [{ role: 'bot', content: 'x' }] }, 'prompt.0.role: Invalid option'],
    [{ prompt: [user('x'), { role: 'assistant', content: 'y' }] }, 'prompt: expected a message of'],
    [{ prompt: 'x', answer: ['y'] }, 'answer: Invalid input'],
  ])('refuses %j', (value, message) => {
    expect(() => parse(value)).toThrow(UserError)
    expect(() => parse(value)).toThrow(`${where}: ${message}`)
  })
})
