/** Fields of generation_config.json that are options here, by the option's name. */
export const SETTINGS = {
  temperature: 'temperature',
  topK: 'top_k',
  topP: 'top_p',
  minP: 'min_p',
  repetitionPenalty: 'repetition_penalty',
  maxTokens: 'max_new_tokens',
} as const

/** Fields that are read otherwise, or say nothing about the text. */
const KNOWN = new Set<string>([
  ...Object.values(SETTINGS),
  'do_sample',
  'eos_token_id',
  'bos_token_id',
  'pad_token_id',
  'decoder_start_token_id',
  'transformers_version',
  '_from_model_config',
  'use_cache',
  'cache_implementation',
  'output_attentions',
  'output_hidden_states',
  'output_scores',
  'output_logits',
  'return_dict_in_generate',
  'disable_compile',
  'trust_remote_code',
])

/** Settings that do nothing without several beams. */
const OF_BEAMS = ['early_stopping', 'length_penalty', 'num_beam_groups', 'diversity_penalty']

/** Settings that do nothing at 1, as others do nothing at 0. */
const OFF_AT_ONE = new Set([
  'num_beams',
  'num_return_sequences',
  'typical_p',
  'guidance_scale',
  'encoder_repetition_penalty',
])

/**
 * Settings of generation_config.json that would change the text and are not supported, each with
 * its value. `context`: tokens of the longest text.
 */
export function unusedSettings(json: Readonly<Record<string, unknown>>, context: number): string[] {
  const beams = Number(json.num_beams ?? 1)
  const isIdle = (name: string, value: unknown): boolean =>
    KNOWN.has(name) ||
    isOff(value) ||
    (value === 1 && OFF_AT_ONE.has(name)) ||
    (beams === 1 && OF_BEAMS.includes(name)) ||
    (name === 'max_length' && Number(value) >= context)
  return Object.entries(json).flatMap(([name, value]) =>
    isIdle(name, value) ? [] : [`${name} (${JSON.stringify(value)})`],
  )
}

/**
 * Settings whose texts end at whatever either file says, `endIds` being those of config.json; old
 * files have -1 where there is no such token.
 */
export function withEnds(
  { eos_token_id: own, ...others }: Readonly<Record<string, unknown>>,
  endIds: readonly number[],
): Record<string, unknown> {
  const all = new Set([...endIds, ...[own ?? []].flat()])
  const ends = [...all].filter((id) => !(Number(id) < 0))
  if (ends.length === 0) return others
  return { ...others, eos_token_id: ends.length === 1 ? ends[0] : ends }
}

const isOff = (value: unknown): boolean =>
  !value || (typeof value === 'object' && Object.keys(value).length === 0)
