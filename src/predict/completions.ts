import { evenly } from '../data/evenly.ts'
import type { TokenPrompt } from '../generate/from-tokens.ts'
import type { LanguageModel } from '../generate/language-model.ts'
import type { Item } from '../metrics/item.ts'
import { writeGreedily } from './complete.ts'

/** Examples that `writeItems` measures, at most. */
const MEASURED = 1000
/** Tokens beyond the expected text, in which the model should end. */
const EXTRA = 2

/** A prompt, and the expected completion. */
export interface Expected {
  prompt: TokenPrompt
  /** The prompt as text. */
  given: string
  text: string
}

interface Abortable {
  signal?: AbortSignal | undefined
}

/** Greedy completions, each a little longer than the expected one. */
export async function writeExpected(
  model: LanguageModel,
  all: readonly Expected[],
  { signal }: Abortable = {},
): Promise<string[]> {
  const limits = all.map(({ text }) => model.tokenizer.encode(text).length + EXTRA)
  const prompts = all.map(({ prompt }) => prompt)
  const written = await writeGreedily(model, prompts, { limits, signal })
  return written.map(({ text }) => text)
}

/**
 * What a model writes for at most 1,000 prompts, with the numbers of these from 1 on. Prompts that
 * fill the context, which leaves no room for a completion, are left out. Throws if aborted.
 */
export async function writeItems(
  model: LanguageModel,
  all: readonly Expected[],
  options: Abortable = {},
): Promise<Item[]> {
  const fits = [...all.entries()].filter(([, { prompt }]) => prompt.ids.length < model.context)
  const some = evenly(fits, MEASURED)
  const written = await writeExpected(
    model,
    some.map(([, one]) => one),
    options,
  )
  return some.map(([index, { given, text }], i) => {
    const predicted = written[i] as string
    return {
      id: String(index + 1),
      input: given,
      expected: text,
      predicted,
      scores: {},
    }
  })
}

/** A line for the user if `writeItems` measures only some of `count` records. */
export const writtenNotice = (count: number): string[] =>
  count > MEASURED ? [`texts are written for ${MEASURED} of the ${count} records`] : []
