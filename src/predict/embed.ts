import { UserError } from '../errors.ts'
import type { HeadConfig } from '../models/head-config.ts'
import { encodeInput } from '../text/encode-input.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { encodeAll, expectTask, type TextInput } from './classify.ts'
import type { TextModel } from './text-model.ts'

export interface EmbedOptions {
  /** Name of one of the model's prompts, such as `query` (default: its default prompt). */
  promptName?: string
  signal?: AbortSignal
}

/**
 * A vector for each text, preceded by the model's prompt. Throws UserError if the model is for
 * another task, or has no such prompt.
 */
export async function embed(
  model: TextModel,
  texts: readonly TextInput[],
  { promptName, signal }: EmbedOptions = {},
): Promise<Float32Array[]> {
  const head = expectTask(model, 'embed')
  const prompt = promptFor(head, promptName)
  const prompted = texts.map((input) => {
    const { text, pair } = typeof input === 'string' ? { text: input, pair: undefined } : input
    return { text: prompt + text, pair }
  })
  const skipped = promptTokens(head, model.tokenizer, prompt)
  const encoded = encodeAll(model, prompted)
  return model.outputs(
    encoded.map((one) => ({ ...one, skipped })),
    { signal },
  )
}

/** Cosine of the angle between two vectors, -1 to 1. */
export function cosineSimilarity(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0]
  for (const [i, x] of a.entries()) {
    const y = b[i] as number
    dot += x * y
    aa += x * x
    bb += y * y
  }
  return dot / Math.sqrt(aa * bb)
}

/** An embedding model's prompt by name, or its default. Throws UserError for an unknown name. */
export function promptFor({ prompts }: Pick<HeadConfig, 'prompts'>, name?: string): string {
  const chosen = name ?? prompts?.default
  if (chosen === undefined) return ''
  const texts = prompts?.texts ?? {}
  if (Object.hasOwn(texts, chosen)) return texts[chosen] as string
  const known = Object.keys(texts).join(', ')
  throw new UserError(
    `promptName is ${chosen}; ${known ? `this model has ${known}` : 'this model has no prompts'}`,
  )
}

/**
 * Tokens that mean pooling skips: those of the prompt and the special ones before it, as
 * sentence-transformers counts them.
 */
export function promptTokens(
  { prompts, pooling }: Pick<HeadConfig, 'prompts' | 'pooling'>,
  tokenizer: Tokenizer,
  prompt: string,
): number {
  if (prompt === '' || prompts?.pooled !== false || pooling !== 'mean') return 0
  const { ids } = encodeInput(tokenizer, prompt)
  const endsSpecial = Object.values(tokenizer.specialTokens).includes(ids.at(-1) ?? -1)
  return ids.length - (endsSpecial ? 1 : 0)
}
