import { evenly } from '../data/evenly.ts'
import type { TokenPrompt } from '../generate/from-tokens.ts'
import type { LanguageModel } from '../generate/language-model.ts'
import { writeGreedily } from './complete.ts'

/** Examples that `exactMatch` measures, at most. */
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

/** Share of the texts that a model writes exactly, among at most 1,000. Throws if aborted. */
export async function exactMatch(
  model: LanguageModel,
  all: readonly Expected[],
  options: Abortable = {},
): Promise<number> {
  const some = evenly(all, MEASURED)
  // A prompt that fills the context leaves no room for a completion.
  const fits = some.filter(({ prompt }) => prompt.ids.length < model.context)
  const written = await writeExpected(model, fits, options)
  return fits.filter(({ text }, i) => written[i] === text).length / some.length
}

/** A line for the user if `exactMatch` measures only some of `count` records. */
export const writtenNotice = (count: number): string[] =>
  count > MEASURED ? [`exact matches are counted among ${MEASURED} of the ${count} records`] : []
