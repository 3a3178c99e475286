import { UserError } from '../errors.ts'
import type { HeadConfig } from '../models/head-config.ts'
import { encodeInput } from '../text/encode-input.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

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
