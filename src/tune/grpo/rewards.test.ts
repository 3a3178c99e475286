import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Prompt } from '../../data/chat/prompts.ts'
import { parseOptions } from '../../options.ts'
import { type RewardOption, rewardOption, specOf } from './reward-options.ts'
import { needsAnswer, Rewards } from './rewards.ts'

let folder: string
const path = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-rewards-'))
  await writeFile(
    path('short.mjs'),
    'export default async (prompt, text, { level }) => level + prompt.length - text.length',
  )
  await writeFile(path('none.mjs'), 'export const reward = 1')
})
afterAll(() => rm(folder, { recursive: true }))

const prompt = (content: string, answer?: string): Prompt => ({
  prompt: [{ role: 'user', content }],
  answer,
  fields: { prompt: content, answer, level: 10 },
  where: 'sums.jsonl:3',
})
const noModel = () => {
  throw new Error('there is no reward model')
}
const judge = async (options: RewardOption[], texts: string[], signal?: AbortSignal) => {
  const rewards = await Rewards.open(options, noModel)
  return rewards.judge(
    texts.map((text) => ({ prompt: prompt('二加二等于几？', '四 '), text })),
    signal,
  )
}

test.each([
  ['exact', { kind: 'exact', value: '', weight: 1 }],
  ['0.5:exact:答案：(.*)', { kind: 'exact', value: '答案：(.*)', weight: 0.5 }],
  ['-0.1:regex:a=1:b', { kind: 'regex', value: 'a=1:b', weight: -0.1 }],
  ['model:C:\\models\\judge', { kind: 'model', value: 'C:\\models\\judge', weight: 1 }],
  ['2:C:\\rewards\\short.mjs', { kind: 'module', value: 'C:\\rewards\\short.mjs', weight: 2 }],
  ['./short.mjs', { kind: 'module', value: './short.mjs', weight: 1 }],
] as const)('%s is understood, also on Windows', (given, spec) => {
  expect(specOf(parseOptions(rewardOption, given))).toEqual(spec)
})

test('a weight may also stand apart, of a function as of a text, and stands once', () => {
  const specWith = (given: RewardOption) => specOf(parseOptions(rewardOption, given))
  const own = () => 1
  expect(specWith({ reward: own, weight: 4 })).toMatchObject({ function: own, weight: 4 })
  expect(specWith({ reward: 'regex:a', weight: 4 })).toMatchObject({ kind: 'regex', weight: 4 })
  for (const [given, weight] of [
    ['1e-3:exact', 1e-3],
    ['.5:exact', 0.5],
    ['-2.5E1:exact', -25],
  ] as const)
    expect(specWith(given)).toMatchObject({ kind: 'exact', weight })
  expect(specWith({ reward: '2:regex:a' })).toMatchObject({ kind: 'regex', weight: 2 })
  expect(() => specWith({ reward: '2:regex:a', weight: 4 })).toThrow('there are two weights')
})

test.each([
  ['judge', 'expected exact, exact:PATTERN, regex:PATTERN, model:DIR, or a JavaScript file'],
  ['regex', 'expected regex:PATTERN'],
  ['model:', 'expected model:DIR'],
  ['regex:(', 'Unterminated group'],
  ['exact:[0-9]+', 'captures nothing'],
  ['0:exact', 'weight 0 changes nothing'],
])('%s is refused', (given, message) => {
  expect(() => parseOptions(rewardOption, given)).toThrow(message)
})

test('an answer is right whatever blanks surround it, or where a pattern finds it', async () => {
  const texts = ['四', ' 四\n', '五', '想一想。答案：四', '']
  expect((await judge(['exact'], texts)).totals).toEqual([1, 1, 0, 0, 0])
  expect((await judge(['exact:答案：(.)'], texts)).totals).toEqual([0, 0, 0, 1, 0])
  expect((await judge(['regex:^.$'], texts)).totals).toEqual([1, 0, 1, 0, 0])
  expect(needsAnswer(['regex:a', 'exact'])).toBe(true)
  expect(needsAnswer(['regex:exact', './exact.mjs'])).toBe(false)
})

test('rewards add up by weight, each reported; functions may be given or imported', async () => {
  const seen: unknown[] = []
  const own = (...given: unknown[]) => {
    seen.push(given)
    return 3
  }
  const { totals, parts } = await judge(['exact', `0.5:${path('short.mjs')}`, own], ['四', '四 五'])
  // 10 + 7 characters - 1, and - 3.
  expect(parts).toEqual([
    { name: 'rewardExact', values: [1, 0] },
    { name: 'rewardModule', values: [16, 14] },
    { name: 'rewardFunction', values: [3, 3] },
  ])
  expect(totals).toEqual([1 + 8 + 3, 7 + 3])
  expect(seen).toEqual(
    ['四', '四 五'].map((text) => ['二加二等于几？', text, prompt('二加二等于几？', '四 ').fields]),
  )
})

test('a reward that fails, or is no number, is named with the line of the record', async () => {
  const fails = () => {
    throw new Error('no network')
  }
  const of = 'sums.jsonl:3: the reward function of "四"'
  await expect(judge([fails], ['四'])).rejects.toThrow(`${of} failed: no network`)
  await expect(judge([async () => Number.NaN], ['四'])).rejects.toThrow(`${of} is NaN; expected`)
  await expect(judge([() => '1' as never], ['四'])).rejects.toThrow("is '1'; expected")
  await expect(judge([path('none.mjs')], [])).rejects.toThrow('no function as its default export')
  await expect(judge([path('nowhere.mjs')], [])).rejects.toThrow('nowhere.mjs cannot be imported')
})

test('a function that never answers is named with the line of the record', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const never = (_: string, text: string) => (text === '四' ? 1 : new Promise<number>(() => {}))
    const rewards = await Rewards.open([never], noModel)
    const completions = ['四', '五'].map((text) => ({ prompt: prompt('二加二等于几？'), text }))
    const judged = expect(rewards.judge(completions, undefined)).rejects.toThrow(
      'sums.jsonl:3: the reward function of "五" was not given within 10 minutes',
    )
    await vi.advanceTimersByTimeAsync(600_000)
    await judged
  } finally {
    vi.useRealTimers()
  }
})

test('an abort does not wait for a function', async () => {
  const stop = new AbortController()
  const never = judge([() => new Promise<number>(() => {})], ['四'], stop.signal)
  stop.abort(new Error('stopped'))
  await expect(never).rejects.toThrow('stopped')
})
