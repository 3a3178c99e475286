import { UserError } from '../errors.ts'
import { type Generated, generateFromTokens, type TokenPrompt } from '../generate/from-tokens.ts'
import type { LanguageModel } from '../generate/language-model.ts'
import { chatOptions } from '../generate/options.ts'
import { promptOf } from '../generate/prompt.ts'
import type { FinishReason } from '../generate/sequence.ts'
import type { TextInput } from './classify.ts'

/** A prompt to complete; or a text, or several, for an encoder-decoder to read. */
export type CompletionInput = TextInput &
  object & {
    readonly words?: readonly string[]
    readonly sources?: readonly string[]
  }

export interface Completed {
  /** The text that follows, by the likeliest token each time. */
  completion: string
  /** `length` if the context ended it. */
  finishReason: FinishReason
}

/** Texts that are decoded together. */
const BATCH = 32

const GREEDY = chatOptions.parse({ temperature: 0, slide: false })

/**
 * Greedy continuations of prompts. `limits`: the most tokens of each; within a batch the largest
 * counts. Throws the signal's reason if aborted.
 */
export async function writeGreedily(
  model: LanguageModel,
  prompts: readonly TokenPrompt[],
  { limits, signal }: { limits?: readonly number[]; signal?: AbortSignal | undefined } = {},
): Promise<Generated[]> {
  const written: Generated[] = []
  for (let start = 0; start < prompts.length; start += BATCH) {
    const end = start + BATCH
    const maxTokens = limits && Math.max(...limits.slice(start, end))
    const options = { ...GREEDY, maxTokens, signal }
    written.push(...(await generateFromTokens(model, prompts.slice(start, end), options)))
    signal?.throwIfAborted()
  }
  return written
}

/** Greedy completions of texts. Throws UserError for input that only models with a head read. */
export async function complete(
  model: LanguageModel,
  given: readonly CompletionInput[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Completed[]> {
  const prompts = given.map(({ text, pair, words, sources }) => {
    if (pair === undefined && words === undefined)
      return promptOf(model, sources ? { prompt: '', sources } : { prompt: text })
    throw new UserError(
      `${pair === undefined ? 'words are' : 'a pair is'} for models that read whole texts, ` +
        'and this one writes; give {"prompt": "..."}',
    )
  })
  const written = await writeGreedily(model, prompts, { signal })
  return written.map(({ text, finishReason }) => ({ completion: text, finishReason }))
}
