import { evenly } from '../data/evenly.ts'
import { type Completion, encodeCompletion } from '../data/tasks/completions.ts'
import type { Sequence } from '../data/tasks/sequences.ts'
import type { TokenPrompt } from '../generate/from-tokens.ts'
import type { LanguageModel } from '../generate/language-model.ts'
import { encodePrompt } from '../generate/prompt.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { writeGreedily } from './complete.ts'

/** Examples that are written to be measured. */
const WRITTEN = 1000
/** Tokens behind the right text, in which the model may end or go wrong. */
const BEYOND = 2

/** A prompt, and the text that is to be written after it. */
export interface Expected {
  prompt: TokenPrompt
  /** The prompt as text. */
  given: string
  text: string
}

interface Abortable {
  signal?: AbortSignal | undefined
}

/** What a model writes after each prompt, greedily, a little longer than is right. */
export async function writeExpected(
  model: LanguageModel,
  all: readonly Expected[],
  { signal }: Abortable = {},
): Promise<string[]> {
  const limits = all.map(({ text }) => model.tokenizer.encode(text).length + BEYOND)
  const prompts = all.map(({ prompt }) => prompt)
  const written = await writeGreedily(model, prompts, { limits, signal })
  return written.map(({ text }) => text)
}

/**
 * Share of the texts that a model writes exactly; of more than a thousand, of a thousand among
 * them. Throws where it is aborted.
 */
export async function exactMatch(
  model: LanguageModel,
  all: readonly Expected[],
  options: Abortable = {},
): Promise<number> {
  const some = evenly(all, WRITTEN)
  // A prompt that fills the context leaves nothing to be written.
  const fits = some.filter(({ prompt }) => prompt.ids.length < model.context)
  const written = await writeExpected(model, fits, options)
  return fits.filter(({ text }, i) => written[i] === text).length / some.length
}

/** What the user should know where `exactMatch` does not take all of so many records. */
export const writtenNotice = (count: number): string[] =>
  count > WRITTEN ? [`exact matches are counted among ${WRITTEN} of the ${count} records`] : []

/** How the model in question reads prompts. */
export interface PromptReading {
  tokenizer: Tokenizer
  addBos?: boolean | undefined
}

/** Prompt and completion as the tokens that a model learns from, or is measured on. */
export function encodeCompletions(
  records: readonly Completion[],
  { tokenizer, addBos = false }: PromptReading,
): Sequence[] {
  const reading = { tokenizer, addBos }
  return records.map((record) =>
    encodeCompletion(record, {
      tokenizer,
      encodePrompt: (prompt) => encodePrompt(reading, prompt),
    }),
  )
}

/** The completions that are to be written. */
export const expectedOf = (
  records: readonly Completion[],
  { tokenizer, addBos = false }: PromptReading,
): Expected[] =>
  records.map(({ prompt: given, completion: text }) => ({
    prompt: { ids: encodePrompt({ tokenizer, addBos }, given) },
    given,
    text,
  }))
