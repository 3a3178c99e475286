import { z } from 'zod'
import { UserError } from '../errors.ts'
import { SETTINGS } from '../formats/huggingface/generation-settings.ts'
import { expectation } from '../options.ts'
import { chatOptions } from './options.ts'
import type { SamplerOptions } from './sampling/sampler.ts'

const { shape } = chatOptions
const tokenId = z.number().int().min(0)

/** The ranges are those of the options. */
const fields = z.looseObject({
  do_sample: z.boolean().nullish(),
  [SETTINGS.temperature]: shape.temperature.nullish(),
  [SETTINGS.topK]: shape.topK.nullish(),
  [SETTINGS.topP]: shape.topP.nullish(),
  [SETTINGS.minP]: shape.minP.nullish(),
  [SETTINGS.repetitionPenalty]: shape.repetitionPenalty.nullish(),
  [SETTINGS.maxTokens]: shape.maxTokens.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId)]).nullish(),
})

/** Defaults from a model's generation_config.json. */
export interface GenerationDefaults {
  sampling: Partial<SamplerOptions>
  maxTokens: number | undefined
  /** Stop tokens besides the tokenizer's own. */
  stopIds: readonly number[]
}

/** Reads generation_config.json. Throws UserError for an invalid field. */
export function readGenerationConfig(json: Readonly<Record<string, unknown>>): GenerationDefaults {
  const parsed = fields.safeParse(json)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] as z.core.$ZodIssue
    const value = JSON.stringify(json[String(path[0])])
    throw new UserError(
      `generation_config.json: ${path.join('.')} is ${value}: ${expectation(message)}; ` +
        'correct it there, or delete it',
    )
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

/** The fields that are neither undefined nor null, to be spread over defaults. */
export const defined = <T extends object>(object: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value != null)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
