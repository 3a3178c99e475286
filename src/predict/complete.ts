import { UserError } from '../errors.ts'
import { generateFromTokens } from '../generate/from-tokens.ts'
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

/** What a model writes after each text. Throws UserError for input of another kind of model. */
export async function complete(
  model: LanguageModel,
  given: readonly CompletionInput[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Completed[]> {
  const options = { ...chatOptions.parse({ temperature: 0, slide: false }), signal }
  const prompts = given.map(({ text, pair, words, sources }) => {
    if (pair === undefined && words === undefined)
      return promptOf(model, sources ? { prompt: '', sources } : { prompt: text })
    throw new UserError(
      `${pair === undefined ? 'words are' : 'a pair is'} for models that read whole texts, and this one writes; give {"prompt": "..."}`,
    )
  })
  const all: Completed[] = []
  for (let start = 0; start < prompts.length; start += TOGETHER) {
    const written = await generateFromTokens(model, prompts.slice(start, start + TOGETHER), options)
    signal?.throwIfAborted()
    for (const { text, finishReason } of written) all.push({ completion: text, finishReason })
  }
  return all
}
