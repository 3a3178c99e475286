import { z } from 'zod'
import type { ChatOptions } from '../../generate/options.ts'
import { engineOptions } from '../../runtime/options.ts'
import { trainingHelp } from './training.ts'

const { engine, threads } = trainingHelp.Run

export const modelHelp = {
  model: '`DIR|OWNER/NAME` folder of the model, a GGUF file, or its name on the Hugging Face Hub',
  adapter: '`DIR|OWNER/NAME` LoRA adapters that it runs with; several add up',
  engine,
  threads,
  bits:
    '`BITS` hold the matrices in 8 or 4 bits: a quarter or an eighth of the memory, nearly the ' +
    'same text',
  draft:
    '`BITS` speculative decoding: a copy of the model in 8 or 4 bits drafts tokens; the same ' +
    'text, sooner',
}

/** What `generate` and `chat` have in common, by heading. */
export const samplingHelp = {
  Sampling: {
    temperature:
      '0 takes the likeliest token each time; 1 samples as the model says (default: the ' +
      'model’s own, or 1)',
    topK: 'only the N likeliest tokens; 0 is no limit',
    topP: 'only the likeliest tokens that together have this probability',
    minP: 'only tokens at least X times as likely as the likeliest',
    repetitionPenalty: 'above 1: tokens that stood before become less likely',
    presencePenalty: 'taken off the logit of what was generated before',
    frequencyPenalty: 'taken off the logit for each time that a token was generated',
    logitBias: '`ID=X` added to the logits of tokens',
    seed: 'the same seed gives the same text (default: another each time)',
  },
  Length: {
    maxTokens: 'tokens to generate at most (default: what is left of the context)',
    stop: 'end before any of these texts',
    slide: 'end when the context is full, instead of forgetting its first half',
    logprobs: 'report the log-probability of each token, and of the N likeliest (--json)',
  },
} as const satisfies Record<string, Partial<Record<keyof ChatOptions, string>>>

/** What every command takes that runs a model. */
export const modelOptions = {
  model: z.string().min(1),
  /** Folders of LoRA adapters. */
  adapter: z.array(z.string().min(1)).min(1).optional(),
  ...engineOptions,
  /** Bits that the model's matrices are held in (default: 32). */
  bits: z.literal([4, 8]).optional(),
  /** Bits of a quantized copy that makes draft tokens. */
  draft: z.literal([4, 8]).optional(),
}
