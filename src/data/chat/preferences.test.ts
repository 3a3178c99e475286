import { describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import type { DataEvent } from '../sources/data-event.ts'
import type { Message } from './messages.ts'
import { parsePreference, readPreferences } from './preferences.ts'

const where = 'pairs.jsonl:4'
const parse = (value: unknown) => parsePreference(value, where)

const of =
  (role: Message['role']) =>
  (content: string): Message => ({ role, content })
const [system, user, assistant] = [of('system'), of('user'), of('assistant')]

const pair = { prompt: '你好，吗？', chosen: '好。', rejected: 'Bad' }
const parsed = {
  prompt: [user('你好，吗？')],
  chosen: [assistant('好。')],
  rejected: [assistant('Bad')],
  where,
}

describe('parsePreference', () => {
  it('reads a prompt and two answers, as texts, messages or lists of them', () => {
    const [prompt, chosen, rejected] = [parsed.prompt, parsed.chosen, parsed.rejected]
    const turn = { from: 'gpt', value: 'Bad' }
    expect(parse({ ...pair, id: 7, score_chosen: 3 })).toEqual(parsed)
    expect(parse({ prompt, chosen, rejected })).toEqual(parsed)
    expect(parse({ prompt, chosen: chosen[0], rejected: turn })).toEqual(parsed)
    expect(parse({ ...pair, chosen, rejected: [turn] })).toEqual(parsed)
  })

  it('reads the margin and the tools, also as a table and null columns have them', () => {
    for (const margin of [2, '2', ' 2.0']) expect(parse({ ...pair, margin }).margin).toBe(2)
    for (const margin of [null, '', ' ', undefined])
      expect(parse({ ...pair, margin, tools: null })).toEqual(parsed)
    expect(parse({ ...pair, margin: 0, tools: [{ name: 'f' }] })).toEqual({
      ...parsed,
      margin: 0,
      tools: [{ name: 'f' }],
    })
  })

  it('puts a system message before every kind of prompt', () => {
    const prompt = [system('Be kind.'), ...parsed.prompt]
    expect(parse({ ...pair, system: 'Be kind.' }).prompt).toEqual(prompt)
    expect(parse({ ...pair, prompt, system: 'No.' }).prompt).toEqual(prompt)
    const { prompt: instruction, ...answers } = pair
    expect(parse({ instruction, system: 'Be kind.', ...answers }).prompt).toEqual(prompt)
  })

  it("reads Alpaca's and ShareGPT's prompts", () => {
    const { prompt, ...answers } = pair
    expect(parse({ instruction: prompt, input: '', output: 'x', ...answers })).toEqual(parsed)
    expect(parse({ instruction: 'Add.', input: '1 + 1', ...answers }).prompt).toEqual([
      user('Add.\n\n1 + 1'),
    ])
    const conversations = [
      { from: 'human', value: 'a' },
      { from: 'gpt', value: 'b' },
      { from: 'human', value: 'c' },
    ]
    const turns = {
      chosen: { from: 'gpt', value: '好。' },
      rejected: { from: 'gpt', value: 'Bad' },
    }
    const prompted = [user('a'), assistant('b'), user('c')]
    expect(parse({ conversations, ...turns })).toEqual({ ...parsed, prompt: prompted })
    expect(parse({ messages: prompted, ...answers })).toEqual({ ...parsed, prompt: prompted })
  })

  it('takes the prompt out of two whole conversations', () => {
    const before = [system('s'), user('a'), assistant('b'), user('c')]
    const whole = {
      chosen: [...before, assistant('1'), user('d'), assistant('2')],
      rejected: [...before, assistant('3')],
    }
    const expected = {
      prompt: before,
      chosen: [assistant('1'), user('d'), assistant('2')],
      rejected: [assistant('3')],
      where,
    }
    expect(parse(whole)).toEqual(expected)
    // As UltraFeedback has it: the prompt once more, as a text.
    expect(parse({ ...whole, prompt: 'c' })).toEqual(expected)
    expect(parse({ ...whole, prompt: before.slice(2) })).toEqual(expected)
    expect(() => parse({ ...whole, prompt: 'x' })).toThrow(
      /are not those of the prompt beside them; leave the prompt out, or give the answers alone$/,
    )
  })

  it('puts a system message before whole conversations', () => {
    const whole = (...before: Message[]) => ({
      chosen: [...before, assistant('好。')],
      rejected: [...before, assistant('Bad')],
    })
    const before = [user('a'), assistant('b'), user('你好')]
    const prompt = [system('Be kind.'), ...before]
    expect(parse({ ...whole(...before), system: 'Be kind.' }).prompt).toEqual(prompt)
    expect(parse({ ...whole(...prompt), system: 'No.' }).prompt).toEqual(prompt)
    const last = { ...whole(...before), prompt: '你好', system: 'Be kind.' }
    expect(parse(last).prompt).toEqual(prompt)
    expect(parse({ ...whole(...before), prompt }).prompt).toEqual(prompt)
    expect(() => parse({ ...last, ...whole(system('Other.'), ...before) })).toThrow(/not those of/)
    expect(
      parse({
        chosen: '\n\nHuman: a\n\nAssistant: b',
        system: 'S',
        rejected: '\n\nHuman: a\n\nAssistant: c',
      }).prompt,
    ).toEqual([system('S'), user('a')])
  })

  it("reads Anthropic's dialogues in one text", () => {
    const before = '\n\nHuman: Tell me\n\na joke.\n\nAssistant: Which?\n\nHuman: 中文的'
    const chosen = `${before}\n\nAssistant: 好，`
    const rejected = `${before}\n\nAssistant: No.`
    const expected = {
      prompt: [user('Tell me\n\na joke.'), assistant('Which?'), user('中文的')],
      chosen: [assistant('好，')],
      rejected: [assistant('No.')],
      where,
    }
    expect(parse({ chosen, rejected })).toEqual(expected)
    const answers = { chosen: '好，', rejected: 'No.' }
    expect(parse({ prompt: `${before}\n\nAssistant:`, ...answers })).toEqual(expected)
    // In some of them one speaker has two turns in a row.
    const twice = { chosen: `${chosen}\n\nAssistant:  Human: x`, rejected }
    expect(parse(twice).chosen).toEqual([assistant('好，\n\nHuman: x')])
  })

  it.each([
    ['x', 'found "x"; expected {"prompt"'],
    [{ prompt: 'x', completion: 'y' }, 'found an object with prompt, completion; expected'],
    [{ chosen: 'x', rejected: 'y' }, 'prompt is missing'],
    [{ ...pair, chosen: 5 }, 'chosen: Invalid input: expected object'],
    [{ ...pair, chosen: [] }, 'chosen: expected an answer of the assistant at its end'],
    [{ ...pair, rejected: [user('x')] }, 'rejected: expected an answer of the assistant'],
    [{ ...pair, rejected: { role: 'assistant' } }, 'rejected.content is missing'],
    [{ ...pair, rejected: [{ from: 'ai', value: 'x' }] }, 'rejected.0.from: Invalid option'],
    [{ ...pair, prompt: [] }, 'prompt: expected a message of the user at its end'],
    [{ ...pair, prompt: [user('x'), assistant('y')] }, 'prompt: expected a message of the user'],
    [{ ...pair, margin: 'much' }, 'margin: expected a number'],
    [{ ...pair, margin: -1 }, 'margin: expected 0 or more'],
    [{ ...pair, chosen: [user('x'), assistant('y')] }, 'of chosen and rejected, one is an answer'],
    [
      { chosen: [user('x'), assistant('y')], rejected: [user('z'), assistant('y')] },
      'chosen and rejected differ in more than the answers',
    ],
    [
      {
        chosen: [user('x'), assistant('y'), user('1'), assistant('y')],
        rejected: [user('x'), assistant('y'), user('2'), assistant('y')],
      },
      'chosen and rejected differ in more than the answers',
    ],
  ])('refuses %j', (value, message) => {
    expect(() => parse(value)).toThrow(UserError)
    expect(() => parse(value)).toThrow(`${where}: ${message}`)
  })
})

it('leaves out and reports records that prefer nothing', async () => {
  const same = { ...pair, chosen: 'Bad' }
  const whole = { chosen: [user('x'), assistant('y')], rejected: [user('x'), assistant('y')] }
  const unlearned = { ...pair, rejected: { ...assistant('Bad'), weight: 0 } }
  const thought = {
    prompt: 'x',
    chosen: { ...assistant('y'), reasoning_content: '想' },
    rejected: { ...assistant('y'), reasoning_content: '不' },
  }
  const values = [same, pair, { ...pair, rejected: ' ' }, whole, unlearned, thought]
  async function* records() {
    for (const [i, value] of values.entries()) yield { value, where: `p.jsonl:${i + 1}` }
  }
  const events: DataEvent[] = []
  const all = []
  for await (const one of readPreferences({ records }, (event) => events.push(event))) all.push(one)
  expect(all.map(({ where }) => where)).toEqual(['p.jsonl:2', 'p.jsonl:6'])
  expect(all[0]).toEqual({ ...parsed, where: 'p.jsonl:2' })
  const reason = 'chosen and rejected are the same'
  expect(events).toEqual([
    { kind: 'left-out', name: 'p.jsonl:1', reason },
    { kind: 'left-out', name: 'p.jsonl:3', reason: 'an answer is empty' },
    { kind: 'left-out', name: 'p.jsonl:4', reason },
    {
      kind: 'left-out',
      name: 'p.jsonl:5',
      reason: 'the answers of rejected all have weight 0',
    },
  ])
})
