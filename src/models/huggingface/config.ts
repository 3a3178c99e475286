import { UserError } from '../../errors.ts'
import { checkConfig, type DecoderConfig } from '../decoder-config.ts'
import { chatwright } from './chatwright.ts'
import type { Family, FieldReader } from './family.ts'
import { gpt2 } from './gpt2.ts'
import { llama } from './llama.ts'

const FAMILIES: readonly Family[] = [gpt2, llama, chatwright]

/** The family that says all of `config`; ours where no other does. */
export const familyOf = (config: DecoderConfig): Family =>
  FAMILIES.find((family) => family.fits(config)) ?? chatwright

export interface TokenIds {
  bosId?: number
  eosId?: number
}

/** config.json for a model, with its tokenizer's ids of begin and end. */
export const writeConfig = (config: DecoderConfig, { bosId, eosId }: TokenIds): object => ({
  ...familyOf(config).write(config),
  bos_token_id: bosId ?? null,
  eos_token_id: eosId ?? null,
})

export interface ImportedConfig {
  family: Family
  config: DecoderConfig
  tokens: TokenIds
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
  const family = FAMILIES.find(({ modelType }) => modelType === fields.model_type)
  if (!family) {
    const known = FAMILIES.map(({ modelType }) => modelType).join(', ')
    throw new UserError(
      `config.json: model_type is ${JSON.stringify(fields.model_type)}; supported are ${known}`,
    )
  }
  const known = new Set(KNOWN)
  const config = family.read(fieldReader(fields, known))
  try {
    checkConfig(config)
  } catch (error) {
    throw new UserError(`config.json: ${(error as Error).message}`)
  }
  return {
    family,
    config,
    tokens: { bosId: tokenId(fields.bos_token_id), eosId: tokenId(fields.eos_token_id) },
    unknown: Object.keys(fields).filter((name) => !known.has(name)),
  }
}

/** Some files list several ends; the first is the usual one. */
const tokenId = (value: unknown): number | undefined => {
  const first = Array.isArray(value) ? value[0] : value
  return typeof first === 'number' ? first : undefined
}

function fieldReader(fields: Record<string, unknown>, known: Set<string>): FieldReader {
  function read<T>(name: string, type: string, fallback: T | undefined): T {
    known.add(name)
    const value = fields[name] ?? fallback
    const fits = typeof value === type && (type !== 'number' || Number.isFinite(value))
    if (!fits)
      throw new UserError(
        `config.json: ${name} is ${JSON.stringify(fields[name]) ?? 'missing'}; it must be a ${type}`,
      )
    return value as T
  }
  return {
    number: (name, fallback) => read(name, 'number', fallback),
    string: (name, fallback) => read(name, 'string', fallback),
    boolean: (name, fallback) => read(name, 'boolean', fallback),
    only: (name, ...values) => {
      known.add(name)
      const value = fields[name]
      if (value === undefined || value === null || values.includes(value)) return
      const list = values.map((v) => JSON.stringify(v)).join(' or ')
      throw new UserError(`config.json: ${name} is ${JSON.stringify(value)}; supported is ${list}`)
    },
    ignore: (...names) => {
      for (const name of names) known.add(name)
    },
  }
}
