import { expect, test } from 'vitest'
import { useTraining } from '../../../test/tiny-training.ts'
import type { Prompt } from '../../data/chat/prompts.ts'
import { loadTextModel } from '../../predict/text-model.ts'
import { openEngine } from '../../runtime/open.ts'
import { trainCharTokenizer } from '../../text/char.ts'
import { RewardModel } from './reward-model.ts'

const { path, learn } = useTraining()

const prompt = (content: string): Prompt => ({
  prompt: [{ role: 'user', content }],
  fields: {},
  where: 'sums.jsonl:3',
})

test('what a reward model cannot read whole is refused before, or cut from the left', async () => {
  const pair = { prompt: '狗？', chosen: '汪', rejected: 'miau' }
  const sizes = { layers: 1, context: 40, steps: 1, batch: 2, val: 0 }
  await learn('judge', [pair, pair], { task: 'reward', ...sizes })
  const notices: string[] = []
  const judge = await RewardModel.open(path('judge'), (notice) => notices.push(notice))
  const engine = await openEngine({ engine: 'cpu', threads: 1 })
  const { tokenizer } = await loadTextModel(path('judge'), { engine })

  // 'user: 狗？\nassistant: ' has 20 characters.
  const prompts = [{ prompt: prompt('狗？'), ids: [] }]
  judge.expectRoom(prompts, { tokenizer, maxTokens: 20 })
  expect(() => judge.expectRoom(prompts, { tokenizer, maxTokens: 21 })).toThrow(
    `sums.jsonl:3: the reward model ${path('judge')} reads 40 tokens, and the prompt has 20`,
  )
  const other = await trainCharTokenizer(['another'])
  judge.expectRoom(prompts, { tokenizer: other, maxTokens: 100 })

  const unknown = [{ prompt: prompt('猫？'), ids: [] }]
  expect(() => judge.expectRoom(unknown, { tokenizer, maxTokens: 1 })).toThrow(
    `sums.jsonl:3: the reward model ${path('judge')}: `,
  )

  await judge.load(engine)
  const ends = ['汪', 'miau', '汪'].map((end) => 'miau'.repeat(20) + end)
  const of = (texts: string[], question = '狗？') =>
    judge.judge(
      texts.map((text) => ({ prompt: prompt(question), text })),
      undefined,
    )
  const [a, b, c] = await of(ends)
  expect(a).toBe(c)
  expect(a).not.toBe(b)
  // What is cut off does not count.
  expect(await of(ends.slice(0, 1), '？狗狗')).toEqual([a])
  expect(notices).toEqual([expect.stringContaining('has 101 tokens, and the reward model')])
  judge.dispose()
  await engine.dispose()
})
