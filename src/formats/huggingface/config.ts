import { UserError } from '../../errors.ts'
import { differences } from '../../models/differences.ts'
import { createModel, type ModelConfig, stacksOf } from '../../models/model.ts'
import type { StackConfig } from '../../models/stack-config.ts'
import { withSentence } from '../sentence-transformers/sentence-transformers.ts'
import type { Architecture } from './architecture.ts'
import { bert, distilbert, roberta } from './bert.ts'
import { CONFIG_SCHEMAS, chatwright } from './chatwright.ts'
import { canonicalFields, fieldReader, MOST_LAYERS } from './fields.ts'
import { gemma2, gemma3 } from './gemma.ts'
import { gpt2 } from './gpt2.ts'
import { llama } from './llama.ts'
import { mistral, mixtral } from './mistral.ts'
import { modernbert } from './modernbert.ts'
import { qwen2, qwen3, qwen3Moe } from './qwen.ts'
import { t5 } from './t5.ts'

const DECODERS = [gpt2, llama, mistral, qwen2, qwen3, gemma2, gemma3, mixtral, qwen3Moe]
const ARCHITECTURES: readonly Architecture[] = [
  ...DECODERS,
  ...[bert, roberta, distilbert, modernbert],
  ...[t5, chatwright],
]

/** The first architecture that says all of `config`; ours where no other does. */
export const architectureOf = (config: ModelConfig): Architecture =>
  ARCHITECTURES.find((architecture) => says(architecture, config)) ?? chatwright

/** True where the architecture's own fields lead back to the same architecture. */
const says = (architecture: Architecture, config: ModelConfig): boolean =>
  unsaid(architecture, config)?.length === 0

/**
 * The options that the architecture's own fields lose; undefined for another kind of model.
 */
function unsaid(architecture: Architecture, config: ModelConfig): string[] | undefined {
  try {
    const fields = architecture.write(config)
    if (!fields) return undefined
    const read = asSentence(architecture.read(fieldReader(fields, new Set())), config)
    return differences(read, config, { ignore: TRAINING })
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

/** How vectors are made is in files of its own. */
function asSentence(read: ModelConfig, config: ModelConfig): ModelConfig {
  if (config.kind === 'encoder-decoder' || !config.head) return read
  const { pooling, normalized, maxTokens, prompts } = config.head
  return withSentence(read, {
    pooling,
    normalized,
    ...(maxTokens && { maxTokens }),
    ...(prompts && { prompts }),
  })
}

/**
 * Of a model that no other architecture says all of: the architecture that says most, and what it
 * does not.
 */
export function unsaidOptions(config: ModelConfig): { nearest: string; options: string[] } {
  const found = ARCHITECTURES.filter((architecture) => architecture !== chatwright).flatMap(
    (architecture) => {
      const options = unsaid(architecture, config)
      return options ? [{ nearest: architecture.modelType, options }] : []
    },
  )
  found.sort((a, b) => a.options.length - b.options.length)
  return found[0] ?? { nearest: 'none', options: ['kind'] }
}

/** Options that only training looks at; not every architecture has a field for them. */
export const TRAINING: ReadonlySet<string> = new Set<string>([
  'embeddingDropout',
  'attentionDropout',
  'residualDropout',
  'feedForwardDropout',
  'stochasticDepth',
  'balance',
] satisfies (keyof StackConfig | 'balance')[])

/** The architecture of a `model_type`, if it is known. */
const architectureNamed = (modelType: unknown): Architecture | undefined =>
  ARCHITECTURES.find((architecture) => architecture.modelType === modelType)

export interface TokenIds {
  bosId?: number
  eosId?: number
  padId?: number
}

/** config.json for a model, with its tokenizer's ids. */
export function writeConfig(
  config: ModelConfig,
  { bosId, eosId, padId }: TokenIds,
): Record<string, unknown> {
  return {
    bos_token_id: bosId ?? null,
    eos_token_id: eosId ?? null,
    ...(padId !== undefined && { pad_token_id: padId }),
    ...architectureOf(config).write(config),
    torch_dtype: 'float32',
  }
}

export interface ImportedConfig {
  architecture: Architecture
  config: ModelConfig
  /** Tokens that end a text: `eos_token_id`, one or several. */
  endIds: readonly number[]
  /** Fields that are not known here. */
  unknown: string[]
}

/** Fields that say nothing about the architecture. */
const COMMON = ['_name_or_path', 'architectures', 'dtype', 'model_type', 'output_past']
const RUNTIME = ['torch_dtype', 'transformers_version', 'use_cache', 'bos_token_id', 'eos_token_id']
const KNOWN = [...COMMON, ...RUNTIME, 'pad_token_id', 'unk_token_id']

/** Reads config.json. Throws UserError with the field at fault. */
export function readConfig(json: unknown): ImportedConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new UserError('config.json: is not an object')
  const fields = json as Record<string, unknown>
  const architecture = architectureNamed(fields.model_type)
  if (!architecture) {
    const known = ARCHITECTURES.map(({ modelType }) => modelType).join(', ')
    throw new UserError(
      `config.json: model_type is ${JSON.stringify(fields.model_type)}; supported are ${known}`,
    )
  }
  const known = new Set(KNOWN)
  const canonical = canonicalFields(fields, architecture.aliases)
  const config = architecture.read(fieldReader(canonical, known))
  checkSizes(config)
  checkRanges(config)
  return {
    architecture,
    config,
    endIds: readEnds(fields.eos_token_id),
    unknown: Object.keys(canonical).filter((name) => canonical[name] !== null && !known.has(name)),
  }
}

/** Ids that end a text. Throws UserError where one is no whole number. */
function readEnds(given: unknown): number[] {
  const ids = [given ?? []].flat()
  if (ids.every((id) => Number.isSafeInteger(id))) return ids as number[]
  throw new UserError(
    `config.json: eos_token_id is ${JSON.stringify(given)}; expected the id of a token, or a ` +
      'list of ids',
  )
}

/** Far more than any model has: a file that claims more is damaged, or means harm. */
const MOST = {
  layers: MOST_LAYERS,
  experts: 4096,
  heads: 65_536,
  width: 2 ** 24,
  'experts of all layers': 65_536,
}

/**
 * Throws UserError where a configuration is absurd, or its options do not go together; `file` holds
 * it.
 */
export function checkSizes(config: ModelConfig, file = 'config.json'): void {
  for (const { layers, experts, heads, dim, hiddenDim, headDim } of stacksOf(config)) {
    const found = { layers, experts: experts?.count ?? 0, heads }
    const all = {
      ...found,
      width: Math.max(dim, hiddenDim, headDim),
      'experts of all layers': layers * found.experts,
    }
    for (const [name, value] of Object.entries(all))
      if (value > MOST[name as keyof typeof MOST])
        throw new UserError(`${file}: ${name} is ${value}, which no model has`)
  }
  try {
    createModel(config)
  } catch (error) {
    throw new UserError(`${file}: ${(error as Error).message}`)
  }
}

/** Throws UserError with an option that is out of its range; `file` holds it. */
export function checkRanges(config: ModelConfig, file = 'config.json'): void {
  const [issue] = CONFIG_SCHEMAS[config.kind].safeParse(config).error?.issues ?? []
  if (issue) throw new UserError(`${file}: ${issue.path.join('.')}: ${issue.message}`)
}
