import { z } from 'zod'

const share = z.number().min(0).max(1)

/** How the next token is picked. Defaults are the model's own, or no effect. */
export const samplingOptions = z.strictObject({
  /** 0 always picks the likeliest token; 1 samples from the model's probabilities. */
  temperature: z.number().min(0).optional(),
  /** Samples from the likeliest tokens, this many; 0: no limit. */
  topK: z.number().int().min(0).optional(),
  /** Samples from the likeliest tokens that together have this probability. */
  topP: z.number().gt(0).max(1).optional(),
  /** Samples from tokens at least this many times as likely as the likeliest. */
  minP: share.optional(),
  /** Above 1, tokens of the prompt and the text so far become less likely. */
  repetitionPenalty: z.number().min(0.01).max(100).optional(),
  /** Subtracted from the logit of every generated token. */
  presencePenalty: z.number().min(-2).max(2).optional(),
  /** Subtracted from a token's logit once for each time it was generated. */
  frequencyPenalty: z.number().min(-2).max(2).optional(),
  /** Added to logits, by token id. */
  logitBias: z
    .record(z.string().regex(/^\d+$/), z.number().min(-1e9).max(1e9))
    .optional()
    .meta({ pairs: 'a token id and a number, such as 50=-100' }),
  /** The same seed gives the same text. */
  seed: z.number().int().min(0).optional(),
})

/** Options of `chat`. */
export const chatOptions = samplingOptions.extend({
  /** Tokens to generate, at most; default: what is left of the context. */
  maxTokens: z.number().int().min(1).optional(),
  /** The text ends before any of these. */
  stop: z.array(z.string().min(1)).default([]),
  /** Reports each token's log-probability, and those of this many likeliest tokens. */
  logprobs: z.number().int().min(0).max(100).optional(),
  /** When the context is full: true drops its first half and continues, false ends the text. */
  slide: z.boolean().default(true),
})

export const generateOptions = chatOptions.extend({
  /** Empty: the text begins a document. */
  prompt: z.string().default(''),
  /** Instead of a prompt: texts that an encoder-decoder encodes separately and reads together. */
  sources: z.array(z.string()).min(1).optional(),
})

export const beamOptions = z.strictObject({
  prompt: generateOptions.shape.prompt,
  sources: generateOptions.shape.sources,
  /** Texts followed at a time. */
  beams: z.number().int().min(1).max(1000).default(4),
  /** How many of the best texts to return. */
  nBest: z.number().int().min(1).default(1),
  /** Scores are sums of log-probabilities / length ^ lengthPenalty: above 0 favors long texts. */
  lengthPenalty: z.number().min(-20).max(20).default(1),
  /** Ends once `beams` texts have ended, although a better one might follow. */
  earlyStopping: z.boolean().default(false),
  maxTokens: z.number().int().min(1).optional(),
})

interface Abortable {
  /** Ends the generation; the result is the text so far. */
  signal?: AbortSignal
}

export type ChatOptions = z.input<typeof chatOptions> & Abortable
export type BeamOptions = z.input<typeof beamOptions> & {
  /** Ends the search, which then throws. */
  signal?: AbortSignal
}
export type GenerateOptions = z.input<typeof generateOptions> & Abortable
