import { UserError } from '../errors.ts'
import { type Generated, generateFromTokens, type TokenPrompt } from '../generate/from-tokens.ts'
import type { LanguageModel } from '../generate/language-model.ts'
import { chatOptions } from '../generate/options.ts'
import { promptOf } from '../generate/prompt.ts'
import type { FinishReason } from '../generate/sequence.ts'
import type { TextInput } from './classify.ts'

/**
 * A prompt to complete, or a text for an encoder-decoder to read; or several that it reads
 * together.
 */
export type CompletionInput = TextInput &
  object & {
    readonly words?: readonly string[]
    readonly sources?: readonly string[]
  }

export interface Completed {
  /** What follows the text, the likeliest token each time. */
  completion: string
  /** Whether the model ended it, or the context did. */
  finishReason: FinishReason
}

/** Texts that are written together. */
const TOGETHER = 32

const GREEDY = chatOptions.parse({ temperature: 0, slide: false })

/**
 * What a model writes after each prompt, the likeliest token each time. `limits`: tokens of each
 * text, of which the largest among texts that are written together counts. Throws the signal's
 * reason where it ends the work.
 */
export async function writeGreedily(
  model: LanguageModel,
  prompts: readonly TokenPrompt[],
  { limits, signal }: { limits?: readonly number[]; signal?: AbortSignal | undefined } = {},
): Promise<Generated[]> {
  const written: Generated[] = []
  for (let start = 0; start < prompts.length; start += TOGETHER) {
    const end = start + TOGETHER
    const maxTokens = limits && Math.max(...limits.slice(start, end))
    const options = { ...GREEDY, maxTokens, signal }
    written.push(...(await generateFromTokens(model, prompts.slice(start, end), options)))
    signal?.throwIfAborted()
  }
  return written
}

/** What a model writes after each text. Throws UserError for input of another kind of model. */
export async function complete(
  model: LanguageModel,
  given: readonly CompletionInput[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Completed[]> {
  const prompts = given.map(({ text, pair, words, sources }) => {
    if (pair === undefined && words === undefined)
      return promptOf(model, sources ? { prompt: '', sources } : { prompt: text })
    throw new UserError(
      `${pair === undefined ? 'words are' : 'a pair is'} for models that read whole texts, and this one writes; give {"prompt": "..."}`,
    )
  })
  const written = await writeGreedily(model, prompts, { signal })
  return written.map(({ text, finishReason }) => ({ completion: text, finishReason }))
}
