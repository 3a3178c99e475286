import { UserError } from '../errors.ts'
import { parseOptions } from '../options.ts'
import { decodeAfter } from '../text/tokenizer.ts'
import { beamSearch } from './beam-search.ts'
import { roomAfter } from './context-window.ts'
import type { LanguageModel } from './language-model.ts'
import { type BeamOptions, beamOptions } from './options.ts'
import { promptOf } from './prompt.ts'

export interface BeamText {
  text: string
  /** Generated ids; if a token ended the text, it is the last. */
  tokens: number[]
  /** Sum of the log-probabilities of the tokens. */
  logprob: number
  /** `logprob` / number of tokens ^ lengthPenalty, by which texts are ranked. */
  score: number
}

/**
 * The `nBest` likeliest texts that beam search finds, the best first. Throws UserError for an
 * invalid option, or if the prompt does not fit the context.
 *
 * @example
 * const [best] = await generateBeams(model, { prompt: 'translate: ...', beams: 4 })
 */
export async function generateBeams(
  model: LanguageModel,
  { signal, ...options }: BeamOptions = {},
): Promise<BeamText[]> {
  const { prompt, sources, nBest, maxTokens, ...search } = parseOptions(beamOptions, options)
  if (nBest > search.beams)
    throw new UserError(`nBest is ${nBest}, but only ${search.beams} beams are followed`)
  const { tokenizer, stopIds, context, defaults } = model
  const start = promptOf(model, { prompt, sources })
  const room = roomAfter(start.ids.length, context)
  const found = await beamSearch(model, start, {
    ...search,
    stopIds,
    signal,
    vocabSize: tokenizer.vocabSize,
    maxTokens: Math.min(maxTokens ?? defaults.maxTokens ?? room, room),
  })
  return found.slice(0, nBest).map(({ tokens, logprob, score }) => {
    const generated = tokens.slice(start.ids.length)
    const kept = stopIds.has(generated.at(-1) ?? -1) ? generated.slice(0, -1) : generated
    return { text: decodeAfter(tokenizer, start.ids, kept), tokens: generated, logprob, score }
  })
}
