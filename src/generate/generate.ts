import { parseOptions } from '../options.ts'
import { type Generated, generateFromTokens, streamFromTokens } from './from-tokens.ts'
import type { LanguageModel } from './language-model.ts'
import { type GenerateOptions, generateOptions } from './options.ts'
import { promptOf } from './prompt.ts'
import type { Piece } from './sequence.ts'

/**
 * Continues `prompt`; an encoder-decoder reads it and writes another text. Throws UserError for an
 * invalid option, or if the prompt does not fit the context.
 *
 * @example
 * const { text } = await generate(model, { prompt: 'Call me', maxTokens: 20, temperature: 0.8 })
 */
export async function generate(
  model: LanguageModel,
  options: GenerateOptions = {},
): Promise<Generated> {
  const { signal, ...given } = options
  const { prompt, sources, ...checked } = parseOptions(generateOptions, given)
  const prompts = [promptOf(model, { prompt, sources })]
  const [generated] = await generateFromTokens(model, prompts, { ...checked, signal })
  return generated as Generated
}

/**
 * As `generate`, but yields pieces of the text, and returns the whole.
 *
 * @example
 * for await (const { text } of stream(model, { prompt: 'Call me' })) process.stdout.write(text)
 */
export async function* stream(
  model: LanguageModel,
  { signal, ...options }: GenerateOptions = {},
): AsyncGenerator<Piece, Generated> {
  const { prompt, sources, ...checked } = parseOptions(generateOptions, options)
  const given = promptOf(model, { prompt, sources })
  return yield* streamFromTokens(model, given, { ...checked, signal })
}

/**
 * As `generate`, for several prompts at once, or lists of sources; the seeds of the texts are
 * `seed`, `seed` + 1, ...
 */
export async function generateAll(
  model: LanguageModel,
  prompts: readonly (string | readonly string[])[],
  { signal, ...options }: Omit<GenerateOptions, 'prompt' | 'sources'> = {},
): Promise<Generated[]> {
  const { prompt: _, sources: __, ...checked } = parseOptions(generateOptions, options)
  const given = prompts.map((given) =>
    promptOf(model, typeof given === 'string' ? { prompt: given } : { prompt: '', sources: given }),
  )
  return generateFromTokens(model, given, { ...checked, signal })
}
