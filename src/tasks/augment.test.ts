import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stoppedTraining } from '../../test/stopped-training.ts'
import { varyTokens } from '../data/augment/augmented-rows.ts'
import type { Augmenter, Variation } from '../data/augment/augmenter.ts'
import { type Examples, IGNORE } from '../data/batch.ts'
import { parseConversation } from '../data/chat/conversation.ts'
import type { Corpus } from '../data/sources/corpus.ts'
import { createModel } from '../models/model.ts'
import { trainBpe } from '../text/bpe/train.ts'
import { trainCharTokenizer } from '../text/char.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { modelConfig } from '../train/dial.ts'
import { train } from '../train/train.ts'
import { tune } from '../tune/tune.ts'
import { augmentData } from './augment-data.ts'
import { type TaskName, taskOf } from './index.ts'

let folder: string
const path = (name: string) => join(folder, name)
const jsonl = async (name: string, records: readonly object[]) => {
  await writeFile(path(name), records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  return path(name)
}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-augment-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Marks what is varied. */
const marking: Variation = {
  text: (text) => `<${text}>`,
  words: (words) => words.map(({ word, tag }) => ({ word: `<${word}>`, tag })).toReversed(),
}

test('what is to be learned stays as it is, in records of every task', () => {
  const where = 'x:1'
  const conversation = parseConversation(
    {
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: '你好' },
        { role: 'assistant', content: 'hello', reasoning_content: 'a greeting' },
        { role: 'user', content: 'bye' },
        { role: 'assistant', content: '再见' },
      ],
      tools: [{ type: 'function' }],
    },
    where,
  )
  const varied: [TaskName, object, object][] = [
    ['classify', { text: 'a', label: 'x' }, { text: '<a>', label: 'x' }],
    ['regress', { text: 'a', pair: 'b', label: 1 }, { text: '<a>', pair: '<b>', label: 1 }],
    ['tag', { words: ['a', 'b'], tags: ['A', 'B'] }, { words: ['<b>', '<a>'], tags: ['B', 'A'] }],
    ['embed', { anchor: 'a', positive: 'b' }, { anchor: '<a>', positive: '<b>' }],
    ['seq2seq', { sources: ['a', 'b'], target: 'c' }, { sources: ['<a>', '<b>'], target: 'c' }],
    ['completion', { prompt: 'a', completion: 'b' }, { prompt: '<a>', completion: 'b' }],
    [
      'chat',
      conversation,
      {
        ...conversation,
        messages: conversation.messages.map((message) =>
          message.role === 'user' ? { ...message, content: `<${message.content}>` } : message,
        ),
      },
    ],
  ]
  const preference = {
    prompt: [{ role: 'user', content: 'a' }],
    chosen: [{ role: 'assistant', content: 'b' }],
    rejected: [{ role: 'assistant', content: 'c' }],
  }
  const prompt = [{ role: 'user', content: '<a>' }]
  varied.push(['reward', preference, { ...preference, prompt }])
  for (const [task, record, expected] of varied)
    expect(taskOf(task).records?.varied({ ...record, where }, marking)).toEqual({
      ...expected,
      where,
    })
  for (const task of ['lm', 'mlm'] as const) expect(taskOf(task).records).toBe(undefined)
})

/** Every second draw is varied by `text`. */
const everySecond = (text: (text: string) => string): Augmenter => {
  const variation = { ...marking, text }
  return { draw: (draw) => (draw % 2 ? variation : undefined), always: () => variation }
}

/** Rows of records in memory, as a training reads them. */
async function openRows(
  name: TaskName,
  records: readonly object[],
  options: { tokenizer: Tokenizer; context: number; augmenter?: Augmenter; template?: string },
) {
  const { tokenizer, context, augmenter, template } = options
  const corpus = {
    async *records() {
      for (const [i, value] of records.entries()) yield { value, where: `x:${i + 1}` }
    },
  } as unknown as Corpus
  const data = await taskOf(name).open(
    {
      parts: [{ name: 'x', corpus, weight: 1 }],
      validation: 0.5,
      seed: 1,
      shuffle: false,
      folder,
      resume: false,
      augmenter,
      report: () => {},
      tell: () => {},
    },
    {},
  )
  const { vocabSize, bosId = 0, padId = 0 } = tokenizer
  const architecture = taskOf(name).kinds.includes('decoder') && !data.head ? 'gpt2' : 'bert'
  const config = modelConfig(
    { architecture, layers: 1, dim: 8, heads: 1, context },
    { vocabSize, head: data.head, startId: bosId, padId },
  )
  const subject = { model: createModel(config), tokenizer, chatTemplate: template }
  return data.prepare(subject, context)
}

const next = async (reader: Awaited<ReturnType<typeof openRows>>['reader'], rows: number) => {
  const made = reader(rows)
  return async () => (await made.next({ signal: undefined })) as Examples
}

/** The texts of a batch's rows. */
const textsOf = ({ arrays, rows, length }: Examples, tokenizer: Tokenizer) =>
  Array.from({ length: rows }, (_, row) =>
    tokenizer.decode((arrays.ids as Int32Array).subarray(row * length, (row + 1) * length)),
  )

test('records are varied as they are drawn, and those that are measured are not', async () => {
  const tokenizer = await trainCharTokenizer(['abcdefgh你好<>'], { kind: 'encoder' })
  const records = ['ab', '你好', 'ef', 'gh'].map((text, i) => ({ text, label: i % 2 ? 'x' : 'y' }))
  const given = { tokenizer, context: 8 }
  const plain = await openRows('classify', records, given)
  const augmenter = everySecond((text) => `<${text}>`)
  const rows = await openRows('classify', records, { ...given, augmenter })
  const [one, other] = [await next(plain.reader, 2), await next(rows.reader, 2)]
  for (let i = 0; i < 3; i++) {
    const [expected, found] = [await one(), await other()]
    const [first = '', second = ''] = textsOf(expected, tokenizer)
    expect(textsOf(found, tokenizer)).toEqual([first, `<${second}>`])
    expect(found.arrays.targets).toEqual(expected.arrays.targets)
  }
  const measured = (all: typeof rows) =>
    [...(all.validation?.(2).batches() ?? [])].map((batch) => textsOf(batch as Examples, tokenizer))
  expect(measured(rows)).toEqual(measured(plain))
  // A character that the tokenizer does not know: such a text stays as it is.
  const strange = everySecond((text) => `${text}!`)
  const kept = await next(
    (await openRows('classify', records, { ...given, augmenter: strange })).reader,
    2,
  )
  expect(textsOf(await kept(), tokenizer)).toEqual(
    textsOf(await (await next(plain.reader, 2))(), tokenizer),
  )
})

test('a prompt is varied only where its completion still fits', async () => {
  const tokenizer = await trainCharTokenizer(['abcdefgh <>'])
  const records = [
    { prompt: 'abcd', completion: 'ef' },
    { prompt: 'a', completion: 'bcdef' },
    ...Array.from({ length: 6 }, () => ({ prompt: 'ab', completion: 'gh' })),
  ]
  const augmenter = everySecond((text) => text.padEnd(4, '<'))
  const rows = await openRows('completion', records, { tokenizer, context: 8, augmenter })
  const batch = await next(rows.reader, 4)
  const seen = new Set<string>()
  for (let i = 0; i < 20; i++) for (const text of textsOf(await batch(), tokenizer)) seen.add(text)
  // Rows have six tokens of text: a<<< + bcdef would have nine.
  expect([...seen].map((text) => text.trim()).sort()).toEqual(['ab<<gh', 'abcdef', 'abgh'])
})

test('conversations in a row are varied where there is room', async () => {
  const tokenizer = await trainBpe(['what is snow? white 雪是什么 白的 '.repeat(20)], {
    vocabSize: 300,
  })
  const template =
    '{% for m in messages %}{{ m.role[0] }}:{{ m.content }}{{ eos_token }}{% endfor %}'
  const ask = (content: string, answer: string) => ({
    messages: [
      { role: 'system', content: 'z' },
      { role: 'user', content },
      { role: 'assistant', content: answer },
    ],
  })
  const records = [...Array(4)].flatMap(() => [
    ask('what is snow?', 'white'),
    ask('雪是什么', '白的'),
  ])
  const open = (augmenter?: Augmenter) =>
    openRows('chat', records, { tokenizer, context: 64, augmenter, template })
  const targetsOf = ({ arrays }: Examples) =>
    tokenizer.decode([...(arrays.targets as Int32Array)].filter((id) => id !== IGNORE))
  const shown = (batch: Examples) => textsOf(batch, tokenizer).join('')
  const plain = await (await next((await open()).reader, 1))()
  const shorter = await (
    await next((await open(everySecond((text) => text.slice(0, 2)))).reader, 1)
  )()
  expect(shown(plain)).toContain('u:what is snow?')
  expect(shown(shorter)).toMatch(/u:(wh|雪是)(?=a:)/)
  expect(shown(shorter)).toMatch(/s:z/)
  // The answers are learned whole, each in its place.
  expect(targetsOf(shorter)).toBe(targetsOf(plain))
  const longer = await (
    await next((await open(everySecond((text) => text.repeat(20)))).reader, 1)
  )()
  expect(longer.arrays).toEqual(plain.arrays)
})

test('rows of text are varied between special tokens', async () => {
  const tokenizer = await trainBpe(['one two three 鲸鱼 '.repeat(30)], { vocabSize: 290 })
  const { eosId = 0 } = tokenizer
  const ids = [...tokenizer.encode('one two'), eosId, ...tokenizer.encode('鲸鱼鲸')]
  const upper: Variation = { ...marking, text: (text) => `[${text}]` }
  expect(varyTokens(ids, tokenizer, upper)).toEqual([
    ...tokenizer.encode('[one two]'),
    eosId,
    ...tokenizer.encode('[鲸鱼鲸]'),
  ])
  // A token of one byte of a character, as a cut leaves it.
  const bytes = tokenizer.encode('𝄞')
  expect(bytes.length).toBeGreaterThan(2)
  const cut = [...bytes.slice(1), ...tokenizer.encode('one'), ...bytes.slice(0, 1)]
  expect(varyTokens(cut, tokenizer, upper)).toEqual([
    ...bytes.slice(1),
    ...tokenizer.encode('[one]'),
    ...bytes.slice(0, 1),
  ])
})

const small = {
  layers: 1,
  dim: 16,
  heads: 1,
  context: 16,
  batch: 4,
  steps: 6,
  evalEvery: 3,
  threads: 1,
}
const reviews = Array.from({ length: 24 }, (_, i) =>
  i % 2
    ? { text: '不 好吃 的 菜，我们不再来。', label: '差' }
    : { text: 'a good meal. come again!', label: '好' },
)
const augment = { deletion: 0.3, swap: 0.3, rotation: 1 }

test('an augmented training resumes exactly', async () => {
  const data = [await jsonl('reviews.jsonl', reviews)]
  const options = { ...small, data, task: 'classify', tokenizer: 'char' } as const
  const { whole, resumed } = await stoppedTraining(path('varied'), { ...options, augment })
  expect(whole).toHaveLength(6)
  expect(resumed).toEqual(whole)
  const plain: (number | undefined)[] = []
  await train({ ...options, out: path('plain') }, { onMetrics: ({ loss }) => plain.push(loss) })
  expect(plain.filter((loss) => loss !== undefined)).not.toEqual(whole)
  const changed = { augment: { swap: 0.3 }, out: path('varied-resumed'), resume: true }
  await expect(train({ ...options, ...changed })).rejects.toThrow(
    /--augment: .*deletion.* before, .*swap.* now/,
  )
})

test('a tuning is augmented, too', async () => {
  const text = path('base.txt')
  await writeFile(text, 'what is snow? white. 雪是什么？白的。system user assistant\n'.repeat(30))
  await train({
    ...small,
    data: [text],
    out: path('base'),
    tokenizer: 'char',
    context: 64,
    steps: 1,
  })
  const records = [...Array(6)].map(() => ({ instruction: 'what is snow?', output: 'white.' }))
  const data = [await jsonl('chat.jsonl', records)]
  const options = { model: path('base'), data, val: 0, batch: 2, steps: 3, threads: 1 }
  const losses = async (out: string, given = {}) => {
    const all: (number | undefined)[] = []
    await tune(
      { ...options, ...given, out: path(out) },
      { onMetrics: ({ loss }) => all.push(loss) },
    )
    return all
  }
  const plain = await losses('tuned')
  const varied = await losses('varied', { augment: { deletion: 0.5 } })
  expect(varied).toHaveLength(plain.length)
  expect(varied).not.toEqual(plain)
  expect(await losses('again', { augment: { deletion: 0.5 } })).toEqual(varied)
})

test('what would change nothing is refused', async () => {
  const data = [await jsonl('reviews.jsonl', reviews)]
  const options = { ...small, data, task: 'classify', out: path('refused') } as const
  const dictionary = path('dictionary.tsv')
  await writeFile(dictionary, 'movie\tfilm\n')
  await expect(train({ ...options, synonyms: dictionary })).rejects.toThrow(
    /--synonyms .*dictionary\.tsv changes nothing: .*--augment names neither/,
  )
  await expect(
    train({ ...options, augment: { replacement: 0.1 }, synonyms: dictionary }),
  ).rejects.toThrow(/dictionary\.tsv has no synonyms of the words in the data/)
  await expect(train({ ...options, augment: {} })).rejects.toThrow(
    /augment: expected one or more of/,
  )
  await expect(train({ ...options, augment: { swap: 2 } })).rejects.toThrow(/augment\.swap/)
})

test('augmentData writes records and their copies, the same ones for a seed', async () => {
  const data = [await jsonl('reviews.jsonl', reviews.slice(0, 2))]
  const write = async (out: string, seed: number) => {
    const options = { data, out: path(out), task: 'classify', augment, copies: 3, seed } as const
    const result = await augmentData(options)
    const lines = (await readFile(path(out), 'utf8')).trimEnd().split('\n')
    return { result, lines: lines.map((line) => JSON.parse(line)) }
  }
  const { result, lines } = await write('more.jsonl', 1)
  expect(result.records).toBe(2)
  expect(result.copies + result.unchanged).toBe(6)
  expect(lines).toHaveLength(2 + result.copies)
  expect(lines.filter(({ text }) => reviews.some((one) => one.text === text))).toEqual(
    reviews.slice(0, 2),
  )
  for (const { text, label } of lines) expect(/[a-z]/.test(text) ? '好' : '差').toBe(label)
  expect((await write('again.jsonl', 1)).lines).toEqual(lines)
  expect((await write('other.jsonl', 2)).lines).not.toEqual(lines)
  await expect(write('more.jsonl', 1)).rejects.toThrow(/more\.jsonl: already exists/)
  // Text: each document is a record.
  const poems = path('poems.txt')
  await writeFile(poems, '床前明月光。疑是地上霜。\n<|endoftext|>\nOne line. Another.\n')
  const text = await augmentData({
    data: [poems],
    out: path('poems.jsonl'),
    augment: { rotation: 1 },
  })
  expect(text).toMatchObject({ records: 2, copies: 8, unchanged: 0 })
  const [first, second] = (await readFile(path('poems.jsonl'), 'utf8')).split('\n')
  expect(JSON.parse(first as string).text.trim()).toBe('床前明月光。疑是地上霜。')
  expect(JSON.parse(second as string).text.trim()).toBe('疑是地上霜。床前明月光。')
  // What a record says under `where` is the user's; where it was read is not written.
  const turns = [{ role: 'user', content: '你好' }]
  const asked = {
    messages: [...turns, { role: 'assistant', content: 'a' }],
    tools: [{ type: 'function', where: 'city' }],
  }
  const task = 'chat' as const
  const chat = { data: [await jsonl('chat.jsonl', [asked])], task, augment }
  await augmentData({ ...chat, out: path('more-chat.jsonl') })
  const [line] = (await readFile(path('more-chat.jsonl'), 'utf8')).split('\n')
  expect(JSON.parse(line as string)).toEqual(asked)
  await expect(augmentData({ ...chat, out: path('more.csv') })).rejects.toThrow(
    /more\.csv, and what is written is a JSON record a line.*ends in \.jsonl/,
  )
  await writeFile(path('empty.jsonl'), '\n')
  const empty = augmentData({
    data: [path('empty.jsonl')],
    out: path('none.jsonl'),
    task: 'classify',
    augment,
  })
  await expect(empty).rejects.toThrow(/nothing to vary|without text|empty/)
})
