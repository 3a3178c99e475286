import type { z } from 'zod'
import { UserError } from '../errors.ts'
import { roomAfter } from './context-window.ts'
import { decode } from './decode.ts'
import { defined } from './generation-config.ts'
import type { LanguageModel } from './language-model.ts'
import type { chatOptions } from './options.ts'
import { Candidates } from './sampling/candidates.ts'
import { plainSampling } from './sampling/sampler.ts'
import { type FinishReason, type Piece, Sequence } from './sequence.ts'

/** Validated options. */
export interface CheckedOptions extends z.output<typeof chatOptions> {
  /** Stop tokens besides the model's own. */
  stopIds?: readonly number[]
  signal?: AbortSignal
}

export interface Generated {
  text: string
  /** Generated ids; if a token ended the text, it is the last. */
  tokens: number[]
  finishReason: FinishReason
  /** Of the generated text, without the time for the prompt. */
  tokensPerSecond: number
  /** Tokens of the prompt. */
  promptTokens: number
  /** The same seed and prompt give the same text. */
  seed: number
  /** With log-probabilities, if requested. */
  pieces: Piece[]
}

/** The first tokens of a text; for an encoder-decoder also the texts that it reads. */
export interface TokenPrompt {
  ids: readonly number[]
  sources?: readonly (readonly number[])[]
}

/** Continues prompts, all at once; their seeds are `seed`, `seed` + 1, ... */
export async function generateFromTokens(
  model: LanguageModel,
  prompts: readonly TokenPrompt[],
  options: CheckedOptions,
): Promise<Generated[]> {
  const sequences = openSequences(model, prompts, options)
  for await (const _ of decode(model, sequences, options));
  return sequences.map(gather)
}

/** As `generateFromTokens` for one prompt, but yields pieces. */
export async function* streamFromTokens(
  model: LanguageModel,
  prompt: TokenPrompt,
  options: CheckedOptions,
): AsyncGenerator<Piece, Generated> {
  const [sequence] = openSequences(model, [prompt], options) as [Sequence]
  for await (const { piece } of decode(model, [sequence], options)) yield piece
  return gather(sequence)
}

function openSequences(
  model: LanguageModel,
  prompts: readonly TokenPrompt[],
  options: CheckedOptions,
): Sequence[] {
  const { tokenizer, defaults, context } = model
  const { maxTokens = defaults.maxTokens, slide, seed = randomSeed() } = options
  const sampling = { ...plainSampling, ...defaults.sampling, ...samplingOf(options) }
  const stopIds = new Set([...model.stopIds, ...(options.stopIds ?? [])])
  checkBias(options.logitBias ?? {}, tokenizer.vocabSize)
  const candidates = new Candidates(tokenizer.vocabSize)
  return prompts.map(({ ids: prompt, sources }, i) => {
    const room = roomAfter(prompt.length, context)
    const limit = slide ? (maxTokens ?? room) : Math.min(maxTokens ?? room, room)
    const own = { prompt, sources, maxTokens: limit, sampling, seed: seed + i }
    return new Sequence({ ...options, ...own, tokenizer, stopIds, candidates })
  })
}

function checkBias(bias: Readonly<Record<string, number>>, vocabSize: number): void {
  const outside = Object.keys(bias).find((id) => Number(id) >= vocabSize)
  if (outside !== undefined)
    throw new UserError(`logitBias: there is no token ${outside}; ids end at ${vocabSize - 1}`)
}

const randomSeed = (): number => Math.floor(Math.random() * 2 ** 32)

/** The sampling options that were given. */
const samplingOf = (options: CheckedOptions) => {
  const { temperature, topK, topP, minP, logitBias } = options
  const { repetitionPenalty, presencePenalty, frequencyPenalty } = options
  const penalties = { repetitionPenalty, presencePenalty, frequencyPenalty }
  return defined({ temperature, topK, topP, minP, logitBias, ...penalties })
}

function gather(sequence: Sequence): Generated {
  const { pieces, generated: tokens, finishReason = 'abort', milliseconds } = sequence
  return {
    text: pieces.map(({ text }) => text).join(''),
    tokens,
    finishReason,
    tokensPerSecond: tokens.length === 0 ? 0 : (1000 * tokens.length) / milliseconds,
    promptTokens: sequence.tokens.length - tokens.length,
    seed: sequence.seed,
    pieces,
  }
}
