import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeBenchmarks } from '../../../test/tiny-benchmarks.ts'
import type { ChoiceQuestion, TextQuestion } from './benchmark.ts'
import { BENCHMARK_NAMES } from './index.ts'
import { openBenchmark } from './open-benchmark.ts'
import { askedOf, Prompts } from './prompts.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-benchmarks-'))
  await writeBenchmarks(folder)
})
afterAll(() => rm(folder, { recursive: true }))

const open = (name: string, fewShot = 0) => openBenchmark(name, folder, { fewShot })
const questions = async <Q = ChoiceQuestion>(name: string) =>
  askedOf(await open(name)).map(({ question }) => question as Q)
/** What the model reads for each question. */
async function prompts(name: string, fewShot = 0, seed = 1): Promise<string[]> {
  const opened = await open(name, fewShot)
  const made = new Prompts(opened, { seed, asChat: false })
  return askedOf(opened).map((one) => made.textOf(one as Parameters<Prompts['textOf']>[0]))
}

describe('questions are read as they are published', () => {
  test('all benchmarks have some', async () => {
    for (const name of BENCHMARK_NAMES)
      expect((await questions(name)).length, name).toBeGreaterThan(0)
  })

  test('HellaSwag, and the six lines of llama.cpp', async () => {
    const [first, second] = await questions('hellaswag')
    expect(first).toEqual({
      id: '0',
      prompt: 'Tea: A man. sits. He',
      choices: ['naps.', 'eats.', 'sings.', 'falls.'].map((ending, i) => (i ? ending : ' naps.')),
      answer: 2,
    })
    expect(second?.prompt).toBe('Sea: A cat runs. It')
    const lines = ['Tea: he', '3', 'a', 'b', 'c', 'd']
    await writeBenchmarks(folder, { 'lines/hellaswag_val_full.txt': `${lines.join('\n')}\n` })
    const [read] = askedOf(await openBenchmark('hellaswag', join(folder, 'lines')))
    expect(read?.question).toEqual({
      id: '0',
      prompt: 'Tea: he',
      choices: ['a', 'b', 'c', 'd'],
      answer: 3,
    })
    for (const label of [4, 'x', -1]) {
      const endings = ['a', 'b', 'c', 'd']
      const wrong = JSON.stringify({ activity_label: '', ctx_a: '', ctx_b: '', endings, label })
      await writeBenchmarks(folder, { 'label/hellaswag_val.jsonl': wrong })
      await expect(openBenchmark('hellaswag', join(folder, 'label'))).rejects.toThrow(
        `hellaswag_val.jsonl:1: the label is ${JSON.stringify(label)}; expected the index`,
      )
    }
    await writeBenchmarks(folder, { 'lines/hellaswag_val_full.txt': `${lines.join('\n')}\nx\n` })
    await expect(openBenchmark('hellaswag', join(folder, 'lines'))).rejects.toThrow(
      /hellaswag_val_full\.txt:7: expected six lines/,
    )
  })

  test('MMLU and CMMLU, with their subjects and first examples', async () => {
    const [, second] = await questions('mmlu')
    expect(second).toEqual({
      id: 'high_school_art/2',
      prompt: 'One, or\ntwo?\nA. 1\nB. 2\nC. 3\nD. 4\nAnswer:',
      choices: ['A', 'B', 'C', 'D'],
      answer: 0,
    })
    expect((await prompts('mmlu', 1))[0]).toBe(
      'The following are multiple choice questions (with answers) about high school art.\n\n' +
        'Up?\nA. yes\nB. no\nC. 2\nD. 3\nAnswer: A\n\n' +
        'Is it "red"?\nA. no\nB. yes\nC. 2\nD. 3\nAnswer:',
    )
    expect((await prompts('cmmlu', 1))[1]).toBe(
      '以下是关于艺术学的单项选择题，请直接给出正确答案的选项。\n\n' +
        '何？\nA. 天\nB. 地\nC. 人\nD. 鸟\n答案： B\n\n' +
        '几？\nA. 一\nB. 二\nC. 三\nD. 四\n答案：',
    )
    await expect(prompts('cmmlu', 2)).rejects.toThrow(
      '--few-shot 2: cmmlu has 1 examples for arts; give at most as many',
    )
  })

  test('MMLU with a heading and indices', async () => {
    const table = 'question,choice0,choice1,choice2,choice3,answer\n"a, b?",1,2,3,4,3\n'
    await writeBenchmarks(folder, { 'table/test/art_test.csv': table })
    const [read] = askedOf(await openBenchmark('mmlu', join(folder, 'table')))
    expect(read?.question).toMatchObject({ id: 'art/2', answer: 3 })
    await writeBenchmarks(folder, { 'table/test/art_test.csv': `${table}b?,1,2,3,4,E\n` })
    await expect(openBenchmark('mmlu', join(folder, 'table'))).rejects.toThrow(
      /art_test\.csv:3: expected a question, four choices/,
    )
    for (const rows of [`${table}2,b?,1,2,3,4,A\n`, 'Yes, or no?,1,2,3,4,A\n']) {
      await writeBenchmarks(folder, { 'table/test/art_test.csv': rows })
      await expect(openBenchmark('mmlu', join(folder, 'table'))).rejects.toThrow(
        /art_test\.csv:\d: expected a question, four choices.* found 7 cells; a cell with commas/,
      )
    }
    await writeBenchmarks(folder, { 'table/test/art_test.csv': `${table}"b?,1,2,3,4,E\n` })
    await expect(openBenchmark('mmlu', join(folder, 'table'))).rejects.toThrow(
      /art_test\.csv:3: the quoted cell that begins here is never closed/,
    )
  })

  test('LAMBADA, whose passages have a last word', async () => {
    expect(await questions('lambada')).toEqual([
      { id: '0', prompt: 'the whale swims to the', choices: ['sea'], answer: 0 },
    ])
    for (const text of ['whale', 'the whale ', ' whale']) {
      const line = JSON.stringify({ text })
      await writeBenchmarks(folder, { 'word/lambada_test.jsonl': `{"text": "a b"}\n${line}` })
      await expect(openBenchmark('lambada', join(folder, 'word'))).rejects.toThrow(
        'lambada_test.jsonl:2: expected a passage, a blank, and its last word',
      )
    }
  })

  test('SST-2, TREC and ChnSentiCorp as choices and as texts to classify', async () => {
    expect(await questions('sst2')).toEqual([
      {
        id: '0',
        prompt: 'a "fine film \nQuestion: Is this sentence positive or negative?\nAnswer:',
        text: 'a "fine film ',
        choices: ['negative', 'positive'],
        answer: 1,
      },
      expect.objectContaining({ id: '1', answer: 0 }),
    ])
    const [far] = await questions('trec')
    expect(far).toMatchObject({ text: 'How far is Bogotá ?', answer: 5 })
    expect((await prompts('trec'))[0]).toMatch(/Abbreviation\.\n\nQuestion: How far is Bog/)
    const [review] = await questions('chnsenticorp')
    expect(review).toMatchObject({ text: '很好,"安静"', choices: ['负面', '正面'], answer: 1 })
  })

  test('an article of WikiText is measured as it would be written', async () => {
    const [cat, dog] = await questions<TextQuestion>('wikitext')
    expect(cat?.text).toBe(
      ' = Cat =\n\nA cat, a "pet", is 1,000 days old.\n\n== Life ==\n\nIt runs.\n',
    )
    expect(dog?.text).toContain('A dog (old) barks.')
    expect(cat?.words).toBeGreaterThan(20)
  })
})

describe('examples of a few-shot prompt', () => {
  test('are drawn by seed, each once, and are never the question itself', async () => {
    const [first, again, other] = await Promise.all([
      prompts('chnsenticorp', 2),
      prompts('chnsenticorp', 2),
      prompts('chnsenticorp', 1, 2),
    ])
    expect(first).toEqual(again)
    // Two of the other two reviews, in some order.
    for (const prompt of first) expect(prompt.match(/答案：/g)).toHaveLength(3)
    expect(first[0]?.match(/很好/g)).toHaveLength(1)
    expect(other[0]).not.toMatch(/很好[\s\S]*很好/)
    await expect(prompts('chnsenticorp', 3)).rejects.toThrow('has 2 examples')
  })

  test('have the steps of their solutions', async () => {
    expect((await prompts('gsm8k', 2))[0]).toMatch(
      /^(Question: One and \w+\?\nAnswer: 1 \+ .\n#### .\n\n){2}Question: Two and two\?\nAnswer:$/,
    )
  })

  test('are read where they are asked for alone', async () => {
    expect((await open('gsm8k')).examples).toEqual([])
    expect((await open('gsm8k', 1)).examples).toHaveLength(1)
  })

  test('need a prompt', async () => {
    await expect(prompts('blimp', 1)).rejects.toThrow('--few-shot 1: blimp has no prompts')
    await expect(prompts('wikitext', 1)).rejects.toThrow('wikitext has no prompts')
  })
})

test('a folder of a benchmark may be a link', async () => {
  const linked = join(folder, 'linked')
  await writeBenchmarks(linked, { 'other.jsonl': '{"text": "no question of BLiMP"}' })
  await symlink(join(folder, 'blimp'), join(linked, 'BLiMP'), 'junction')
  expect(askedOf(await openBenchmark('blimp', linked))).toHaveLength(2)
})

test('a limit takes questions evenly from all files', async () => {
  const some = askedOf(await open('blimp'), 1)
  expect(some.map(({ question }) => question.id)).toEqual(['passive_1/0'])
  expect(askedOf(await open('chnsenticorp'), 2).map(({ number }) => number)).toEqual([0, 1])
  expect(askedOf(await open('blimp'), 99)).toHaveLength(2)
})

describe('what is refused says what was expected', () => {
  test('another name, another folder, missing files, archives', async () => {
    await expect(open('hellasweg')).rejects.toThrow('choose from hellaswag, mmlu, cmmlu')
    await expect(openBenchmark('blimp', undefined)).rejects.toThrow(
      'with --benchmark-dir DIR; they are published at github.com/alexwarstadt/blimp',
    )
    await expect(openBenchmark('blimp', join(folder, 'no'))).rejects.toThrow('no such folder')
    const empty = join(folder, 'empty')
    await writeBenchmarks(empty, { 'x/hellaswag/readme.md': '' })
    await expect(openBenchmark('hellaswag', empty)).rejects.toThrow(
      /has none of its files; expected hellaswag_val\.jsonl or hellaswag_val_full\.txt/,
    )
    await writeBenchmarks(empty, { 'HellaSwag/val.txt.bz2': 'BZh' })
    await expect(openBenchmark('hellaswag', empty)).rejects.toThrow(
      /HellaSwag.val\.txt\.bz2 is packed; unpack it/,
    )
  })

  test('one’s own file: its forms and its answers', async () => {
    const own = async (records: unknown) => {
      await writeFile(join(folder, 'own.json'), JSON.stringify(records))
      return askedOf(await open('own.json')).map(({ question }) => question)
    }
    const choices = ['Paris', 'Rome']
    expect(await own([{ context: 'Capital of Italy:', choices, answer: 'Rome' }])).toEqual([
      { id: '0', prompt: 'Capital of Italy:', choices: [' Paris', ' Rome'], answer: 1 },
    ])
    expect(
      await own([
        { id: 7, context: '中国的首都是', choices: ['上海', '北京'], answer: 'B' },
        { context: 'a ', choices: ['x', 'y'], answer: 0 },
      ]),
    ).toEqual([
      { id: '7', prompt: '中国的首都是', choices: ['上海', '北京'], answer: 1 },
      { id: '1', prompt: 'a ', choices: ['x', 'y'], answer: 0 },
    ])
    expect(await own([{ text: 'one two' }])).toEqual([
      { id: '0', text: 'one two', words: 2, bytes: 7 },
    ])
    expect(await own([{ prompt: '1+1=', answer: 2 }])).toEqual([
      { id: '0', prompt: '1+1=', solution: ' 2', answer: '2' },
    ])
    for (const name of ['question', 'prompt'])
      expect(await own([{ text: 'x', [name]: '哪里？', choices, answer: 0 }])).toEqual([
        { id: '0', prompt: '哪里？', choices, answer: 0 },
      ])
    expect(await own([{ text: '"choices":', prompt: 'a', answer: 'b' }])).toMatchObject([
      { prompt: 'a', solution: ' b' },
    ])
    await expect(own([{ choices, answer: 0 }])).rejects.toThrow(
      /own\.json:1: found nothing before the choices; expected one of context, question, prompt/,
    )
    await expect(own([{ context: 'a', question: 'b', choices, answer: 0 }])).rejects.toThrow(
      'found context and question before the choices; expected one of',
    )
    await expect(own([{ context: '', choices, answer: 2 }])).rejects.toThrow(
      /own\.json:1: the answer is 2; expected the index of a choice, 0 to 1, its letter,/,
    )
    await expect(own([{ question: '?' }])).rejects.toThrow('found no question; expected {"context"')
    await expect(own([{ context: '', choices, answer: 0 }, { text: 'x' }])).rejects.toThrow(
      /own\.json:1: choices is missing/,
    )
  })
})
