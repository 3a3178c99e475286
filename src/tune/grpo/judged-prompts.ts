import { evenly } from '../../data/evenly.ts'
import { meanEstimate } from '../../metrics/intervals.ts'
import type { MeasuredRows } from '../../tasks/task.ts'
import type { EncodedPrompt } from './encode-prompts.ts'
import type { Policy } from './policy.ts'
import type { Rewards } from './rewards.ts'

/** Prompts that are completed together, and at most in all; and that are shown. */
const BATCH = 64
const MOST = 1000
const SHOWN = 3

/** Mean rewards of the likeliest completions of prompts that are not learned from. */
export const judgedPrompts = (
  prompts: readonly EncodedPrompt[],
  rewards: Rewards,
  policy: () => Policy,
): MeasuredRows => ({
  batches: () => [],
  measures: [],
  expected: evenly(prompts, SHOWN).flatMap(({ prompt: { prompt, answer }, ids }) =>
    answer === undefined
      ? []
      : { prompt: { ids }, given: prompt.at(-1)?.content ?? '', text: answer },
  ),
  judge: async ({ most = MOST, signal }) => {
    const some = evenly(prompts, most)
    const completed: { prompt: EncodedPrompt['prompt']; text: string }[] = []
    for (let start = 0; start < some.length; start += BATCH) {
      const batch = some.slice(start, start + BATCH)
      const ids = batch.map((prompt) => prompt.ids)
      const written = await policy().write(ids, { temperature: 0, signal })
      for (const [i, { prompt }] of batch.entries())
        completed.push({ prompt, text: written[i]?.text ?? '' })
    }
    const { totals, parts } = await rewards.judge(completed, signal)
    const means = parts.map(({ name, values }) => [name, meanEstimate(values)])
    return { reward: meanEstimate(totals), ...Object.fromEntries(means) }
  },
})
