import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { questions, right, useQuestions } from '../../../test/tiny-questions.ts'
import { jsonLines } from '../../../test/tiny-training.ts'
import { openFile } from '../../files/node-file.ts'
import { openSafetensors } from '../../formats/safetensors/safetensors.ts'
import type { Metrics } from '../../train/report/metrics.ts'
import { train } from '../../train/train.ts'

const { path, run, answers } = useQuestions()

test('an adapter is learned, and the model under it is the reference', async () => {
  const given = { adapter: 'lora', rank: 4, lr: 3e-2, kl: 0.001 } as const
  const { result, steps } = await run('adapter', given)
  expect(steps[0]?.kl).toBeCloseTo(0, 8)
  expect(steps.at(-1)?.kl).toBeGreaterThan(0.01)
  expect(result.metrics?.reward).toBe(1)
  const file = path('adapter/adapter_model.safetensors')
  const weights = await openSafetensors(await openFile(file), file)
  expect([...weights.tensors.keys()].every((name) => name.includes('lora_'))).toBe(true)
  await weights.close()
})

test('a whole model keeps a reference of its own, which holds it back', async () => {
  const free = await run('free', { kl: 1e-6, steps: 12 })
  const held = await run('held', { kl: 5, steps: 12 })
  expect(held.steps[0]?.kl).toBeCloseTo(0, 8)
  expect(held.steps.at(-1)?.kl as number).toBeLessThan((free.steps.at(-1)?.kl as number) / 3)
})

test('several rewards add up, and each is reported', async () => {
  const short = (_: string, completion: string) => -completion.length
  const reward = [
    'exact',
    '0.5:regex:^.$',
    { reward: 'regex:[a-z]', weight: 0.5 },
    { reward: short, weight: 2 },
  ]
  const { steps } = await run('several', { reward: reward as never, steps: 1, unbiased: true })
  const {
    reward: total,
    rewardExact,
    rewardRegex,
    rewardRegex2,
    rewardFunction,
  } = steps[0] as Metrics
  const sum = Number(rewardExact) + 0.5 * Number(rewardRegex) + 0.5 * Number(rewardRegex2)
  expect(total).toBeCloseTo(sum + 2 * Number(rewardFunction), 9)
  expect(Number(rewardRegex) + Number(rewardRegex2)).toBeCloseTo(1, 9)
})

test('a reward model judges whole conversations, on the engine of the training', async () => {
  const preferences = questions.map(([prompt, chosen, rejected]) => ({ prompt, chosen, rejected }))
  await writeFile(path('preferences.jsonl'), jsonLines([...preferences, ...preferences]))
  const sizes = { layers: 1, heads: 2, dim: 32, context: 40, batch: 8, steps: 60, lr: 1e-2 }
  await train({
    task: 'reward',
    data: [path('preferences.jsonl')],
    out: path('judge'),
    tokenizer: 'char',
    val: 0,
    threads: 1,
    ...sizes,
  })
  // In more steps than these 20, a policy finds words that the reward model never read and prefers.
  const { result, steps } = await run('judged', { reward: [`model:${path('judge')}`], seed: 2 })
  expect(result.metrics?.reward).toBeGreaterThan((steps[0]?.reward as number) + 1)
  expect(await answers('judged')).toEqual(right)
  await expect(run('unfit', { reward: [`model:${path('base')}`] })).rejects.toThrow(
    'this model writes text; give a reward model',
  )
})
