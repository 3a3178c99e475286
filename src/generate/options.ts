import { z } from 'zod'

const share = z.number().min(0).max(1)

/** How the next token is picked. What is not given is the model's own default, or no effect. */
export const samplingOptions = z.strictObject({
  /** 0 takes the likeliest token each time; 1 samples as the model says. */
  temperature: z.number().min(0).optional(),
  /** Only the so many likeliest tokens; 0 is no limit. */
  topK: z.number().int().min(0).optional(),
  /** Only the likeliest tokens that together have this probability. */
  topP: z.number().gt(0).max(1).optional(),
  /** Only tokens at least so many times as likely as the likeliest. */
  minP: share.optional(),
  /** Above 1: tokens of the prompt and the text so far become less likely. */
  repetitionPenalty: z.number().min(0.01).max(100).optional(),
  /** Taken off the logit of what was generated before. */
  presencePenalty: z.number().min(-2).max(2).optional(),
  /** Taken off the logit for each time that the token was generated. */
  frequencyPenalty: z.number().min(-2).max(2).optional(),
  /** Added to logits, by token id. */
  logitBias: z.record(z.string().regex(/^\d+$/), z.number().min(-1e9).max(1e9)).optional(),
  /** The same seed gives the same text. */
  seed: z.number().int().min(0).optional(),
})

/** What `chat` takes, besides the messages. */
export const chatOptions = samplingOptions.extend({
  /** Tokens to generate at most; default: what is left of the context. */
  maxTokens: z.number().int().min(1).optional(),
  /** Ends the text before any of these. */
  stop: z.array(z.string().min(1)).default([]),
  /** Gives each token's log-probability, and those of the so many likeliest. */
  logprobs: z.number().int().min(0).max(100).optional(),
  /**
   * Where the context is full before `maxTokens`: true forgets its first half and goes on, false
   * ends there.
   */
  slide: z.boolean().default(true),
})

export const generateOptions = chatOptions.extend({
  /** Empty: from the beginning of a document. */
  prompt: z.string().default(''),
  /**
   * Several texts that an encoder-decoder reads apart and attends to together, instead of a prompt.
   */
  sources: z.array(z.string()).min(1).optional(),
})

export const beamOptions = z.strictObject({
  prompt: generateOptions.shape.prompt,
  sources: generateOptions.shape.sources,
  /** Texts that are followed at a time. */
  beams: z.number().int().min(1).max(1000).default(4),
  /** Texts to give: the best ones. */
  nBest: z.number().int().min(1).default(1),
  /**
   * Above 0 favors long texts: the sum of log-probabilities is divided by length ^ lengthPenalty.
   */
  lengthPenalty: z.number().min(-20).max(20).default(1),
  /** Ends once as many texts have ended as are followed, though a better one might still come. */
  earlyStopping: z.boolean().default(false),
  maxTokens: z.number().int().min(1).optional(),
})

interface Abortable {
  /** Ends the generation; what was generated so far is the result. */
  signal?: AbortSignal
}

export type ChatOptions = z.input<typeof chatOptions> & Abortable
export type BeamOptions = z.input<typeof beamOptions> & {
  /** Ends the search, which then throws. */
  signal?: AbortSignal
}
export type GenerateOptions = z.input<typeof generateOptions> & Abortable
