import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import { openCorpus } from '../sources/corpus.ts'
import type { DataEvent } from '../sources/data-event.ts'
import { hasAnswer, parseConversation, readConversations } from './conversation.ts'

const where = 'chat.jsonl:3'
const user = { role: 'user', content: 'Hi' }
const assistant = { role: 'assistant', content: 'Hello' }

describe('parseConversation', () => {
  it('reads messages as OpenAI writes them', () => {
    const system = { role: 'system', content: 'Be kind.' }
    const quiet = { role: 'assistant', content: 'Hm', weight: 0, name: 'x' }
    const value = { messages: [system, user, quiet, user, assistant], source: 'mine' }
    expect(parseConversation(value, where)).toEqual({
      messages: [system, user, { role: 'assistant', content: 'Hm', weight: 0 }, user, assistant],
      where,
    })
  })

  it('reads thinking and the tools that are offered', () => {
    const thinking = { role: 'assistant', content: 'Hello', reasoning_content: 'A greeting.' }
    const tools = [{ type: 'function', function: { name: 'f' } }]
    expect(parseConversation({ messages: [user, thinking], tools }, where)).toEqual({
      messages: [user, thinking],
      tools,
      where,
    })
    expect(parseConversation({ messages: [user, thinking], tools: [] }, where)).toEqual({
      messages: [user, thinking],
      where,
    })
    expect(() => parseConversation({ messages: [user, thinking], tools: '[]' }, where)).toThrow(
      `${where}: tools: Invalid input: expected array`,
    )
  })

  it("reads Alpaca's instructions, with and without input", () => {
    const record = { instruction: 'Add.', input: '1 + 1', output: '2' }
    expect(parseConversation(record, where).messages).toEqual([
      { role: 'user', content: 'Add.\n\n1 + 1' },
      { role: 'assistant', content: '2' },
    ])
    for (const input of ['', undefined, null]) {
      expect(parseConversation({ ...record, input }, where).messages[0]?.content).toBe('Add.')
    }
  })

  it('reads what came before an instruction', () => {
    const record = {
      instruction: 'And 2 + 2?',
      output: '4',
      system: 'You count.',
      history: [['1 + 1?', '2']],
    }
    expect(parseConversation(record, where).messages).toEqual([
      { role: 'system', content: 'You count.' },
      { role: 'user', content: '1 + 1?' },
      { role: 'assistant', content: '2' },
      { role: 'user', content: 'And 2 + 2?' },
      { role: 'assistant', content: '4' },
    ])
  })

  it("reads ShareGPT's turns, under every usual name of who speaks", () => {
    const turns = [
      { from: 'system', value: '你是助手。' },
      { from: 'human', value: '你好，世界' },
      { from: 'gpt', value: '您好！', weight: 0 },
      { from: 'user', value: 'Hi' },
      { from: 'assistant', value: 'Hello', weight: null },
    ]
    const expected = [
      { role: 'system', content: '你是助手。' },
      { role: 'user', content: '你好，世界' },
      { role: 'assistant', content: '您好！', weight: 0 },
      user,
      assistant,
    ]
    expect(parseConversation({ conversations: turns, id: 'x_0' }, where)).toEqual({
      messages: expected,
      where,
    })
    const [, ...others] = turns
    for (const system of ['你是助手。', '', null]) {
      const { messages } = parseConversation({ conversations: others, system }, where)
      expect(messages).toEqual(system ? expected : expected.slice(1))
    }
    // Some files mix one form's name with the other's messages.
    expect(parseConversation({ conversations: [user, assistant] }, where).messages).toEqual([
      user,
      assistant,
    ])
  })

  it.each<[unknown, string]>([
    [[{ from: 'human', value: 'x' }], 'conversations: has no answer of the assistant'],
    [[{ from: 'robot', value: 'x' }], 'conversations.0.from: Invalid option: expected one of'],
    [[{ from: 'human', value: 'x' }, { from: 'gpt' }], 'conversations.1.value is missing'],
    [
      [
        { from: 'human', value: 'x' },
        { from: 'gpt', value: 1 },
      ],
      'conversations.1.value: Invalid',
    ],
    [[{ from: 'human', value: 'x' }, assistant], 'conversations.1.from is missing'],
    [
      [
        { from: 'gpt', value: 'x' },
        { from: 'system', value: 'x' },
      ],
      'conversations: has a system',
    ],
    ...['tool', 'function_call', 'observation'].map((from): [unknown, string] => [
      [
        { from: 'human', value: 'x' },
        { from, value: '{}' },
      ],
      'conversations.1.from: calls of tools are not supported',
    ]),
    ['x', 'conversations: expected a list of messages'],
    [[], 'conversations: has no answer'],
  ])("refuses ShareGPT's %j", (conversations, message) => {
    const parse = () => parseConversation({ conversations }, where)
    expect(parse).toThrow(UserError)
    expect(parse).toThrow(`${where}: ${message}`)
  })

  it.each([
    [{ messages: [user] }, 'messages: has no answer of the assistant'],
    [{ messages: [] }, 'messages: has no answer of the assistant'],
    [{ messages: 'Hi' }, 'messages: expected a list of messages'],
    [{ messages: [user, { role: 'bot', content: 'x' }] }, 'messages.1.role: Invalid option'],
    [{ messages: [user, { role: 'assistant' }] }, 'messages.1.content is missing'],
    [
      { messages: [user, { ...assistant, tool_calls: [{}] }] },
      'messages.1.tool_calls: calls of tools',
    ],
    [{ messages: [user, assistant, { role: 'system', content: '' }] }, 'messages: has a system'],
    [{ messages: [user, { ...assistant, weight: 2 }] }, 'messages.1.weight'],
    [{ instruction: 'x' }, 'output is missing'],
    [{ instruction: 1, output: 'x' }, 'instruction: Invalid input'],
    [{ dialog: [], id: 1 }, 'found an object with dialog, id; expected {"messages"'],
    ['text', 'found "text"'],
    [['text'], 'found ["text"]'],
    [null, 'found null'],
  ])('refuses %j', (value, message) => {
    const parse = () => parseConversation(value, where)
    expect(parse).toThrow(UserError)
    expect(parse).toThrow(`${where}: ${message}`)
  })
})

it('knows whether there is an answer to learn', () => {
  const answers = (content: string, weight?: 0 | 1) =>
    hasAnswer({ messages: [{ role: 'assistant', content, weight }], where })
  expect([answers('x'), answers(' \n'), answers('x', 0), answers('x', 1)]).toEqual([
    true,
    false,
    false,
    true,
  ])
})

it('takes a field that is null, or an empty list of calls, for one that is not there', () => {
  const where = 'c.jsonl:1'
  const none = { tool_calls: null, function_call: null, weight: null, name: null }
  const messages = [
    { role: 'user', content: 'q', ...none },
    { role: 'assistant', content: 'a', ...none, tool_calls: [] },
  ]
  const expected = [user, assistant].map(({ role }, i) => ({ role, content: i === 0 ? 'q' : 'a' }))
  expect(parseConversation({ messages, instruction: null }, where).messages).toEqual(expected)
  const alpaca = { instruction: 'q', input: null, output: 'a', system: null, history: null }
  expect(parseConversation({ ...alpaca, messages: null }, where).messages).toEqual(expected)
  const called = [
    ...messages.slice(0, 1),
    { ...messages[1], content: null, tool_calls: [{ id: 'x' }] },
  ]
  expect(() => parseConversation({ messages: called }, where)).toThrow(/calls of tools/)
})

describe('readConversations', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const read = async (name: string, content: string) => {
    const path = join(folder, name)
    await writeFile(path, content)
    const events: DataEvent[] = []
    const corpus = await openCorpus([path])
    const all = []
    for await (const one of readConversations(corpus, (event) => events.push(event))) all.push(one)
    return { all, events, path }
  }

  it('reads both forms from both kinds of file and reports empty answers', async () => {
    const alpaca = { instruction: 'a', input: '', output: 'b' }
    const lines = [{ messages: [user, assistant] }, { ...alpaca, output: ' ' }, alpaca]
    const jsonl = await read('c.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'))
    expect(jsonl.all.map((one) => one.where)).toEqual([`${jsonl.path}:1`, `${jsonl.path}:3`])
    expect(jsonl.events).toEqual([
      { kind: 'left-out', name: `${jsonl.path}:2`, reason: 'its answer is empty' },
    ])
    const unlearned = { messages: [user, { ...assistant, weight: 0 }] }
    const { path, events } = await read('w.jsonl', JSON.stringify(unlearned))
    const reason = 'its answers all have weight 0'
    expect(events).toEqual([{ kind: 'left-out', name: `${path}:1`, reason }])
    const json = await read('c.json', JSON.stringify(lines, null, 1))
    expect(json.all.map((one) => one.messages)).toEqual(jsonl.all.map((one) => one.messages))
  })

  it('names several records at fault', async () => {
    const lines = ['{"instruction":"a","output":5}', '{"messages":[]}', '{"x":1}', '7']
    await expect(read('c.jsonl', lines.join('\n'))).rejects.toThrow(
      new RegExp(
        String.raw`^4 records cannot be read:\n.*c\.jsonl:1: output: .*\n` +
          String.raw`.*c\.jsonl:2: messages: .*\n.*:3: found an`,
      ),
    )
  })

  it('names file and line of a fault', async () => {
    await expect(read('c.jsonl', '\n{"instruction":"a","output":5}')).rejects.toThrow(
      /c\.jsonl:2: output: Invalid input/,
    )
  })
})
