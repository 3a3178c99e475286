import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { right, useQuestions } from '../../../test/tiny-questions.ts'
import { jsonLines } from '../../../test/tiny-training.ts'
import type { Metrics } from '../../train/report/metrics.ts'

const { path, run, answers, weightsOf } = useQuestions()

test('a model learns to answer as it is rewarded, in both languages', async () => {
  const { result, steps, metrics } = await run('plain', { evalEvery: 10, seed: 2 })
  const [first] = steps as [Metrics]
  expect(first.reward).toBeGreaterThan(0.2)
  expect(first.reward).toBeLessThan(0.8)
  // One token decides, which has ln 2 nats: a fifth or a half of the tokens.
  expect(first.entropy).toBeGreaterThan(0.1)
  expect(first.entropy).toBeLessThan(0.6)
  expect(first.completionLength).toBeGreaterThan(2.4)
  expect(first.completionLength).toBeLessThan(5)
  expect(first.clipShare).toBe(0)
  expect(first.truncated).toBeLessThan(0.2)
  expect(first.rewardDeviation).toBeCloseTo(
    Math.sqrt(((first.reward as number) * (1 - (first.reward as number)) * 32) / 31),
    6,
  )
  expect(result).toMatchObject({ metrics: { reward: 1 } })
  expect(result.ended).toMatch(/done|early/)
  expect(metrics.filter(({ validationReward }) => validationReward !== undefined)).not.toEqual([])
  expect(await answers('plain')).toEqual(right)
  expect(await readFile(path('plain/sample.txt'), 'utf8')).toContain(
    '"猫？" -> "喵" (expected "喵")',
  )
})

test('the first update with a rollout has ratio 1, the second has not', async () => {
  // A range so narrow that any other ratio is clipped.
  const narrow = { clipLow: 1e-4, clipHigh: 1e-4 }
  const { steps } = await run('twice', { updates: 2, steps: 8, ...narrow })
  expect(steps.map(({ clipShare }) => clipShare === 0)).toEqual(steps.map((_, i) => i % 2 === 0))
  // Both have the same completions.
  expect(steps[1]?.reward).toBe(steps[0]?.reward)
})

test('a run that is resumed in the middle of a rollout ends as one that was not', async () => {
  const given = { updates: 3, kl: 0.01, steps: 8, evalEvery: 4 }
  const whole = await run('whole', given)
  await run('cut', given, ({ step }, stop) => step === 5 && stop.abort())
  const rest = await run('cut', { ...given, resume: true })
  expect(rest.steps.map(({ step, reward }) => [step, reward])).toEqual(
    whole.steps.slice(5).map(({ step, reward }) => [step, reward]),
  )
  expect((await weightsOf('cut', 8)).equals(await weightsOf('whole', 8))).toBe(true)
})

test('training ends where no group has a signal any more, and the best model stays', async () => {
  let left = 6 * 32
  const reward = (_: string, completion: string) => (left-- > 0 ? completion.length : 0)
  const { result, messages, steps } = await run('silent', { reward: [reward], val: 0, steps: 50 })
  expect(result.ended).toBe('collapsed')
  expect(steps.length).toBeGreaterThan(0)
  expect(steps.length).toBeLessThanOrEqual(6)
  expect(messages.join()).toContain(
    `step ${steps.length}: collapse: in 20 rollouts in a row all completions of each prompt had`,
  )
  expect(await answers('silent')).toHaveLength(4)
  // Nothing is saved where there was nothing to learn from the beginning.
  await expect(run('never', { reward: [() => 1], val: 0 })).rejects.toThrow('nothing was learned')
})

test('a model with the best reward everywhere has learned all, and did not collapse', async () => {
  const solved = 'all completions have the same, best reward'
  let left = 6 * 32
  const reward = () => (left-- > 0 ? -(left % 2) : 0)
  const later = await run('solved', { reward: [reward], val: 0, steps: 50 })
  expect(later.result.ended).toBe('early')
  expect(later.messages.join()).toContain(
    `step ${later.steps.length}: in 20 rollouts in a row ${solved}`,
  )
  // Before the first step.
  const { result, messages } = await run('solver', { reward: ['regex:^'] })
  expect(result).toMatchObject({ ended: 'early', steps: 0, metrics: { reward: 1 } })
  expect(messages.join()).toContain(solved)
  expect(await answers('solver')).toHaveLength(4)
})

test('validation prompts that are too long are told of; the time includes rollouts', async () => {
  const long = { prompt: 'cat?cat?cat?', answer: 'miau' }
  await writeFile(path('long.jsonl'), jsonLines([long, { prompt: 'cat?', answer: 'miau' }]))
  await writeFile(path('longer.jsonl'), jsonLines([long]))
  let judged = 0
  const reward = async () => {
    await new Promise((resolve) => setTimeout(resolve, judged++ % 32 === 0 ? 60 : 0))
    return Math.random()
  }
  const given = { val: [path('long.jsonl')], reward: [reward], steps: undefined, seconds: 0.5 }
  const { messages, steps } = await run('timed', given)
  expect(messages).toContainEqual(
    expect.stringContaining('for validation: 1 prompts are left out: they have more than 7 tokens'),
  )
  expect(steps).toHaveLength(10)
  await expect(run('unfit', { val: [path('longer.jsonl')] })).rejects.toThrow(
    'no prompt for validation leaves room for 6 tokens',
  )
  const constant = { reward: [() => 1], val: 0, steps: undefined, seconds: 1 }
  await expect(run('constant', constant)).rejects.toThrow('nothing was learned')
})

test('a reward that fails late does not take what was learned before with it', async () => {
  let left = 3 * 32
  const reward = (_: string, completion: string) => {
    if (left-- > 0) return completion.length
    throw new Error('no network')
  }
  await expect(run('failing', { reward: [reward], val: 0, steps: 50 })).rejects.toThrow(
    'no network',
  )
  expect(await readdir(path('failing/checkpoints'))).toEqual([
    expect.stringMatching(/^step-[123]$/),
  ])
})

test('a run does not resume with another reference', async () => {
  await cp(path('base'), path('own'), { recursive: true })
  const given = { model: path('own'), kl: 0.1, val: 0, steps: 1 }
  await run('referred', given)
  const bytes = await readFile(path('own/model.safetensors'))
  bytes[bytes.length - 4] = (bytes[bytes.length - 4] as number) ^ 1
  await writeFile(path('own/model.safetensors'), bytes)
  await expect(run('referred', { ...given, steps: 2, resume: true })).rejects.toThrow(
    /cannot resume the training .*base/,
  )
})

test('what cannot be is refused before work', async () => {
  await writeFile(
    path('open.jsonl'),
    jsonLines([{ prompt: 'cat?', answer: 'a' }, { prompt: '狗？' }]),
  )
  const data = [path('open.jsonl')]
  await expect(run('none', { data })).rejects.toThrow(/open\.jsonl:2: the record has no "answer"/)
  await expect(run('odd', { batch: 12 })).rejects.toThrow(
    '12 completions, which are no whole groups',
  )
  await expect(run('long', { maxTokens: 12 })).rejects.toThrow(
    'no prompt leaves room for 12 tokens',
  )
  await expect(run('what', { reward: ['is right'] })).rejects.toThrow(
    'expected exact, exact:PATTERN',
  )
  await expect(run('varied', { augment: { swap: 0.1 } })).rejects.toThrow(
    '--augment varies training texts',
  )
  await expect(run('once', { clipLow: 0.1 })).rejects.toThrow('--clip-low changes nothing')
  await expect(run('once', { clipHigh: 0.1 })).rejects.toThrow('--clip-high changes nothing')
  await expect(run('wet', { dropout: 0.1 })).rejects.toThrow('--dropout 0.1 is not for grpo')
  await expect(run('free', { maxKl: 1 })).rejects.toThrow('--max-kl changes nothing')
  await expect(run('other', { method: 'sft' })).rejects.toThrow(
    '--max-tokens does not apply to the method',
  )
})
