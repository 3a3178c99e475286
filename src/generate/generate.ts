import { parseOptions } from '../options.ts'
import { type Generated, generateFromTokens, streamFromTokens } from './from-tokens.ts'
import type { LanguageModel } from './language-model.ts'
import { type GenerateOptions, generateOptions } from './options.ts'
import { encodePrompt } from './prompt.ts'
import type { Piece } from './sequence.ts'

/**
 * Continues `prompt`; resolves with the whole text. Throws UserError with the option at fault, or
 * where the prompt does not fit the context.
 *
 * @example
 * const { text } = await generate(model, { prompt: 'Call me', maxTokens: 20, temperature: 0.8 })
 */
export async function generate(
  model: LanguageModel,
  options: GenerateOptions = {},
): Promise<Generated> {
  const [generated] = await generateAll(model, [options.prompt ?? ''], options)
  return generated as Generated
}

/**
 * As `generate`, piece by piece; what it returns at the end is the whole.
 *
 * @example
 * for await (const { text } of stream(model, { prompt: 'Call me' })) process.stdout.write(text)
 */
export async function* stream(
  model: LanguageModel,
  { signal, ...options }: GenerateOptions = {},
): AsyncGenerator<Piece, Generated> {
  const { prompt, ...checked } = parseOptions(generateOptions, options)
  return yield* streamFromTokens(model, encodePrompt(model, prompt), { ...checked, signal })
}

/** As `generate`, for several prompts at once; the seeds of the texts are `seed`, `seed` + 1, ... */
export async function generateAll(
  model: LanguageModel,
  prompts: readonly string[],
  { signal, ...options }: Omit<GenerateOptions, 'prompt'> = {},
): Promise<Generated[]> {
  const { prompt: _, ...checked } = parseOptions(generateOptions, options)
  const ids = prompts.map((prompt) => encodePrompt(model, prompt))
  return generateFromTokens(model, ids, { ...checked, signal })
}
