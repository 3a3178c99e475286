import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { SamplerOptions } from './sampling/sampler.ts'

const number = z.number().nullish()
const fields = z.looseObject({
  do_sample: z.boolean().nullish(),
  temperature: number,
  top_k: number,
  top_p: number,
  min_p: number,
  repetition_penalty: number,
  max_new_tokens: number,
  eos_token_id: z.union([z.number(), z.array(z.number())]).nullish(),
})

/** What a model's own generation_config.json asks for. */
export interface GenerationDefaults {
  sampling: Partial<SamplerOptions>
  maxTokens: number | undefined
  /** Tokens that end a text, besides the tokenizer's own. */
  stopIds: readonly number[]
}

/** Reads generation_config.json. Throws UserError with the field at fault. */
export function readGenerationConfig(json: Readonly<Record<string, unknown>>): GenerationDefaults {
  const parsed = fields.safeParse(json)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] as z.core.$ZodIssue
    throw new UserError(`generation_config.json: ${path.join('.')}: ${message}`)
  }
  const given = parsed.data
  const sampling = {
    temperature: given.do_sample === false ? 0 : given.temperature,
    topK: given.top_k,
    topP: given.top_p,
    minP: given.min_p,
    repetitionPenalty: given.repetition_penalty,
  }
  return {
    sampling: defined(sampling),
    maxTokens: given.max_new_tokens ?? undefined,
    stopIds: [given.eos_token_id ?? []].flat(),
  }
}

/** Without the fields that are not given, so that defaults show through. */
export const defined = <T extends object>(object: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value != null)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
