import { UserError } from '../errors.ts'
import { encodeInput } from '../text/encode-input.ts'
import { documentStart, type Tokenizer } from '../text/tokenizer.ts'
import type { TokenPrompt } from './from-tokens.ts'
import type { LanguageModel } from './language-model.ts'

/**
 * The tokens of `prompt`; for an encoder-decoder its start token, and the tokens of `sources`, by
 * default the prompt alone. Throws UserError if the options do not fit the model, or a source is
 * longer than the encoder's context.
 */
export function promptOf(
  model: LanguageModel,
  { prompt, sources }: { prompt: string; sources?: readonly string[] },
): TokenPrompt {
  const { config, tokenizer } = model
  if (config.kind === 'encoder-decoder') {
    if (sources && prompt !== '')
      throw new UserError('give a prompt or sources, not both; an encoder-decoder reads either')
    const read = (sources ?? [prompt]).map((text) => encodeInput(tokenizer, text).ids)
    const longest = Math.max(...read.map((ids) => ids.length))
    const { context } = config.encoder
    if (longest > context)
      throw new UserError(
        `the text to read has ${longest} tokens, but the model's context is ${context}; ` +
          'shorten it, or give it as several sources',
      )
    return { ids: [config.startId], sources: read }
  }
  if (sources)
    throw new UserError('sources are for encoder-decoders; this model continues a prompt')
  return { ids: encodePrompt(model, prompt) }
}

/** Tokens of a prompt; never empty. */
export function encodePrompt(
  { tokenizer, addBos }: { tokenizer: Tokenizer; addBos: boolean },
  prompt: string,
): number[] {
  const ids = tokenizer.encode(prompt)
  if (ids.length === 0) return [beginning(tokenizer)]
  return addBos && tokenizer.bosId !== undefined ? [tokenizer.bosId, ...ids] : ids
}

/** For an empty prompt: BOS, the end of the document before, a new line, or the first token. */
const beginning = (tokenizer: Tokenizer): number =>
  documentStart(tokenizer) ?? newline(tokenizer) ?? 0

/** Undefined if the vocabulary has no new line. */
function newline(tokenizer: Tokenizer): number | undefined {
  try {
    return tokenizer.encode('\n')[0]
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}
