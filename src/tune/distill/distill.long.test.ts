import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { useTeachers } from '../../../test/tiny-distillation.ts'
import { jsonLines, many } from '../../../test/tiny-training.ts'
import { tune } from '../tune.ts'

const { path, teach, compareKept, compareResumed, weightsOf, configOf } = useTeachers([
  'classifier',
  'writer',
  'translator',
  'answerer',
  'estimator',
  'tagger',
  'filler',
])

test.each([
  ['classifier', { divergence: 'reverse' }],
  ['translator', {}],
  ['answerer', { task: 'completion' }],
  ['estimator', {}],
  ['tagger', {}],
] as const)('outputs teach the same, kept in full or live: %s %o', compareKept)

test('masked tokens are new each time, and so is what the teacher says of them', async () => {
  const { metrics } = await teach('filled', { from: 'filler', hiddenWeight: 1, labelWeight: 0 })
  const [first, last] = [metrics[0], metrics.at(-2)].map((one) => one?.teacherLoss as number)
  expect(last).toBeLessThan(first as number)
  await expect(teach('kept', { from: 'filler', outputs: 'kept' })).rejects.toThrow(
    '--outputs kept is for rows that come back as they were',
  )
})

test('conversations are taught by a model that was tuned on them, and answered by it', async () => {
  const turns = (content: string) => [
    { role: 'user', content },
    { role: 'assistant', content: '雪 is snow.' },
  ]
  await writeFile(path('chat.jsonl'), jsonLines(many(() => ({ messages: turns('the 雪') }), 12)))
  const data = [path('chat.jsonl')]
  const short = { steps: 5, batch: 4, lr: 3e-3, evalEvery: 5, threads: 1, data }
  await tune({ ...short, model: path('writer'), context: 48, out: path('talker') })
  const task = 'chat' as const
  const options = { teacher: [path('talker')], data, task, val: 0 }
  const kept = await teach('chat-kept', { ...options, topK: 1000 })
  const live = await teach('chat-live', { ...options, outputs: 'live' })
  expect(kept.metrics[0]?.teacherLoss).toBeGreaterThan(0)
  expect(kept.metrics[0]?.loss).toBeCloseTo(live.metrics[0]?.loss as number, 4)
  // What was kept is of rows that another template makes otherwise.
  await cp(path('chat-kept/teacher'), path('chat-other/teacher'), { recursive: true })
  await writeFile(
    path('other.jinja'),
    "{% for message in messages %}{{ message['content'] + '. the snow, ' }}{% endfor %}",
  )
  const chatTemplate = path('other.jinja')
  const other = await teach('chat-other', { ...options, topK: 1000, chatTemplate })
  const reads = kept.messages.find((message) => message.startsWith('the teacher reads'))
  expect(other.messages).toContainEqual(reads)
  await teach('chat-answers', { ...options, generate: 4 })
  const lines = await readFile(path('chat-answers/generated/texts.jsonl'), 'utf8')
  const [first] = lines.split('\n').map((line) => line && JSON.parse(line))
  expect(first.messages[0]).toEqual({ role: 'user', content: 'the 雪' })
  expect(first.messages[1]).toEqual({ role: 'assistant', content: expect.any(String) })
})

test.each([
  ['projected', { dim: 16, hiddenWeight: 1 }],
  ['generated', { from: 'answerer', task: 'completion', generate: 12, val: 0.2 }],
] as const)('a distillation that is resumed ends as one that was not: %s', compareResumed)

describe('hidden states', () => {
  test('of another width are projected, and the student has no trace of it', async () => {
    const { metrics } = await teach('projected', { dim: 16, hiddenWeight: 2, steps: 20, lr: 1e-2 })
    const [first, last] = [metrics[0], metrics.at(-2)].map((one) => one?.hiddenLoss as number)
    expect(last).toBeLessThan(0.9 * (first as number))
    const { loss, teacherLoss, labelLoss, hiddenLoss } = metrics[0] as Record<string, number>
    expect(loss).toBeCloseTo(
      ((teacherLoss as number) + (labelLoss as number)) / 2 + 2 * (hiddenLoss as number),
      4,
    )
    expect((await weightsOf('projected')).toString('latin1')).not.toContain('projections')
    expect(await configOf('projected')).toMatchObject({ layers: 1, dim: 16, heads: 1 })
  })

  test('of a copy are those of its teacher', async () => {
    const { metrics } = await teach('copy', {
      layers: 2,
      initFromTeacher: true,
      hiddenWeight: 1,
      hiddenLoss: 'mse',
      labelWeight: 0,
    })
    expect(metrics[0]?.hiddenLoss).toBeLessThan(1e-8)
    expect(metrics[0]?.teacherLoss).toBeLessThan(1e-6)
    const pair = await teach('pair', {
      from: 'translator',
      layers: 2,
      initFromTeacher: true,
      hiddenWeight: 1,
    })
    expect(pair.metrics[0]?.hiddenLoss).toBeLessThan(1e-5)
    const writer = await teach('writer-copy', {
      from: 'writer',
      layers: 2,
      initFromTeacher: true,
      hiddenWeight: 1,
    })
    expect(writer.metrics[0]?.hiddenLoss).toBeLessThan(1e-5)
  })
})

test('a student begins with layers of its teacher', async () => {
  const { metrics } = await teach('begun', { initFromTeacher: true, labelWeight: 0 })
  const fresh = await teach('fresh', { labelWeight: 0 })
  expect(metrics[0]?.teacherLoss).toBeLessThan(fresh.metrics[0]?.teacherLoss as number)
  await expect(teach('narrow', { dim: 16, initFromTeacher: true })).rejects.toThrow(
    /--init-from-teacher takes layers as they are, and the student differs from .* in .*dim, heads/,
  )
})

describe('texts of the teacher', () => {
  test('answer the prompts of the data, and its own answers are validated on', async () => {
    const { messages } = await teach('answers', {
      from: 'answerer',
      task: 'completion',
      generate: 10,
      val: 0.25,
    })
    expect(messages).toContainEqual(expect.stringContaining('the teacher writes 10 texts'))
    const lines = (await readFile(path('answers/generated/texts.jsonl'), 'utf8')).trim().split('\n')
    expect(lines).toHaveLength(10)
    const known = ['一 and 2', '2']
    for (const line of lines) expect(known).toContain(JSON.parse(line).prompt)
    const held = (await readFile(path('answers/generated/validation.jsonl'), 'utf8'))
      .trim()
      .split('\n')
    expect(held).toHaveLength(5)
    for (const line of held) expect(JSON.parse(line).completion).toContain('三')
  })

  test('translate, and are added to plain text', async () => {
    await teach('translations', { from: 'translator', generate: 3 })
    const [line = ''] = (await readFile(path('translations/generated/texts.jsonl'), 'utf8')).split(
      '\n',
    )
    expect(JSON.parse(line)).toEqual({ sources: ['一 and 2'], target: expect.any(String) })
    const { messages } = await teach('more-text', { from: 'writer', generate: 3 })
    expect(messages).toContainEqual(expect.stringContaining('the teacher writes 3 texts'))
    await expect(teach('no-text', { generate: 3 })).rejects.toThrow(
      '--generate is for teachers that write',
    )
  })

  test('go on where they were interrupted', async () => {
    const options = { from: 'answerer', task: 'completion', generate: 15, val: 0 } as const
    const all = path('answerer-many.jsonl')
    await writeFile(all, jsonLines(many(() => ({ prompt: '一 and 2', completion: '三' }), 70)))
    await teach('uncut', { ...options, data: [all], generate: 70 })
    const whole = await readFile(path('uncut/generated/texts.jsonl'), 'utf8')
    // As a kill leaves it: a whole batch, and part of the next.
    await cp(path('uncut/generated'), path('killed/generated'), { recursive: true })
    const manifest = JSON.parse(await readFile(path('killed/generated/generated.json'), 'utf8'))
    await writeFile(
      path('killed/generated/generated.json'),
      JSON.stringify({ identity: manifest.identity }),
    )
    const first = whole
      .split('\n')
      .slice(0, 32)
      .map((line) => line.replace('"prompt"', '"kept":1,"prompt"'))
    await writeFile(
      path('killed/generated/texts.jsonl.part'),
      `${first.join('\n')}\n${whole.slice(0, 20)}`,
    )
    await teach('killed', { ...options, data: [all], generate: 70 })
    const again = (await readFile(path('killed/generated/texts.jsonl'), 'utf8')).split('\n')
    expect(again.slice(0, 32)).toEqual(first)
    expect(again.slice(32)).toEqual(whole.split('\n').slice(32))
    await mkdir(path('torn/generated'), { recursive: true })
    await writeFile(path('torn/generated/generated.json'), '{"ident')
    await expect(teach('torn', { ...options, data: [all], generate: 70 })).rejects.toThrow(
      /generated\.json is not JSON/,
    )
  })
})
