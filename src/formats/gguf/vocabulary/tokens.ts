import { UserError } from '../../../errors.ts'
import { roleFields } from '../../../text/token-roles.ts'
import type { Tokenizer } from '../../../text/tokenizer.ts'
import type { TokenizerConfig } from '../../../text/tokenizer-json.ts'
import type { GgufMetadata } from '../metadata.ts'
import { flag, type GgufValue, uint32 } from '../values.ts'

/** Kinds of tokens, by their numbers in `tokenizer.ggml.token_type`. */
export const KINDS = { normal: 1, unknown: 2, control: 3, user: 4, unused: 5, byte: 6 } as const

export type KindName = keyof typeof KINDS

/** Undefined for a number that is none. */
export const kindOf = (number: number): KindName | undefined =>
  (Object.keys(KINDS) as KindName[]).find((name) => KINDS[name] === number)

/** A token of a vocabulary, as GGUF lists it. */
export interface GgufToken {
  text: string
  kind: KindName
  /** The higher, the earlier, or the likelier: of SentencePiece's vocabularies. */
  score?: number
}

/**
 * What stands for a row of the embedding that no token has; llama.cpp wants as many tokens as rows.
 */
export const padding = (id: number): GgufToken => ({ text: `[PAD${id}]`, kind: 'unused' })

/** The tokens without the padding behind them. */
export function withoutPadding<T extends GgufToken>(tokens: readonly T[]): T[] {
  let count = tokens.length
  while (/^\[PAD\d+\]$/.test(tokens[count - 1]?.text ?? '') && tokens[count - 1]?.kind === 'unused')
    count--
  return tokens.slice(0, count)
}

const PREFIX = 'tokenizer.ggml.'
/** Keys of the tokens besides EOS at which generation ends: of a turn, and of a message. */
export const END_KEYS = [`${PREFIX}eot_token_id`, `${PREFIX}eom_token_id`] as const
/** Keys of special tokens' ids, one of them misspelled as llama.cpp has it, and the roles here. */
const KEYS = {
  bos_token_id: 'bosId',
  eos_token_id: 'eosId',
  padding_token_id: 'padId',
  unknown_token_id: 'unkId',
  mask_token_id: 'maskId',
  cls_token_id: 'clsId',
  seperator_token_id: 'sepId',
} as const

/**
 * Ids of special tokens, and which of them stand around a text: llama.cpp puts BOS before it and
 * EOS behind it. `addBos`: a BOS belongs there even if the tokenizer itself does not say so. Throws
 * UserError where the tokenizer puts more around a text.
 */
export function writeRoles(tokenizer: Tokenizer, addBos: boolean): Map<string, GgufValue> {
  const parts = tokenizer.inputTemplate?.single ?? []
  const text = parts.findIndex((part) => part.text !== undefined)
  const idsOf = (some: typeof parts) => some.flatMap(({ ids }) => ids ?? [])
  const before = idsOf(parts.slice(0, Math.max(text, 0)))
  const after = idsOf(parts.slice(text + 1))
  if (before.length > 1 || after.length > 1)
    throw new UserError(
      'GGUF: the tokenizer puts several tokens before or behind a text; llama.cpp has at most ' +
        'one on each side',
    )
  const [first = addBos ? tokenizer.bosId : undefined, last] = [before[0], after[0]]
  const ids = { ...tokenizer, bosId: first ?? tokenizer.bosId, eosId: last ?? tokenizer.eosId }
  const found = new Map<string, GgufValue>()
  for (const [key, role] of Object.entries(KEYS)) {
    const id = ids[role]
    if (id !== undefined) found.set(PREFIX + key, uint32(id))
  }
  found.set(`${PREFIX}add_bos_token`, flag(first !== undefined))
  found.set(`${PREFIX}add_eos_token`, flag(last !== undefined))
  return found
}

export interface Roles {
  /** As tokenizer_config.json names the special tokens. */
  config: TokenizerConfig
  /** Ids of tokens with a role. */
  ids: ReadonlySet<number>
  /** The tokens before and behind a text. */
  before: string | undefined
  after: string | undefined
}

/** `usual`: what llama.cpp adds where the file does not say. Ids that no token has are left out. */
export function readRoles(
  metadata: GgufMetadata,
  tokens: readonly { text: string }[],
  usual: { bos: boolean; eos: boolean },
): Roles {
  const config: Record<string, unknown> = {}
  const ids = new Set<number>()
  for (const [key, role] of Object.entries(KEYS)) {
    if (!metadata.has(PREFIX + key)) continue
    const id = metadata.number(PREFIX + key)
    const token = tokens[id]
    if (!token) continue
    config[roleFields[role]] = token.text
    ids.add(id)
  }
  const { bos_token, eos_token } = config as Record<string, string>
  const addsBos = metadata.boolean(`${PREFIX}add_bos_token`, usual.bos)
  // No token is named, and none is put before texts: there is none.
  if (!addsBos && !metadata.has(`${PREFIX}bos_token_id`)) config.bos_token = null
  return {
    config,
    ids,
    before: addsBos ? bos_token : undefined,
    after: metadata.boolean(`${PREFIX}add_eos_token`, usual.eos) ? eos_token : undefined,
  }
}
