import { loadTokenizer } from './load.ts'
import { roleFields } from './token-roles.ts'
import type { Tokenizer } from './tokenizer.ts'
import { isObject, readTokenizerJson, type TokenizerConfig } from './tokenizer-json.ts'

/** A tokenizer as a model can use it, and the added tokens that were left out for that. */
export interface Fitted {
  tokenizer: Tokenizer
  without: readonly string[]
}

/**
 * The tokenizer without the added tokens that an embedding of `rows` has no row for, such as Gemma
 * 3's `<image_soft_token>` in its models for text: the model never writes one, and what spells one
 * is text like any other. (transformers makes its id, and the embedding then fails.) Unchanged
 * where a token of another kind has no row, since then the two do not belong together.
 */
export function fitRows(tokenizer: Tokenizer, rows: number): Fitted {
  const asIs = { tokenizer, without: [] }
  if (tokenizer.vocabSize <= rows) return asIs
  const json = readTokenizerJson(tokenizer.toJSON())
  const without = json.added_tokens.filter(({ id }) => id >= rows).map(({ content }) => content)
  const lost = new Set(without)
  const { vocab } = json.model
  const kept = Array.isArray(vocab)
    ? vocab.filter((piece, id) => id < rows || !lost.has(piece?.[0]))
    : Object.fromEntries(Object.entries(vocab as object).filter(([token]) => !lost.has(token)))
  const config = withoutRoles(tokenizer.config ?? {}, lost)
  const added = json.added_tokens.filter(({ id }) => id < rows)
  const fitted = loadTokenizer(
    { ...json, added_tokens: added, model: { ...json.model, vocab: kept } },
    config,
  )
  return fitted.vocabSize <= rows ? { tokenizer: fitted, without } : asIs
}

/** A token that is left out is not the end of a text, or whatever it is named for. */
function withoutRoles(config: TokenizerConfig, lost: ReadonlySet<string>): TokenizerConfig {
  const roles = Object.values(roleFields).filter((field) => {
    const name = isObject(config[field]) ? config[field].content : config[field]
    return typeof name === 'string' && lost.has(name)
  })
  return { ...config, ...Object.fromEntries(roles.map((field) => [field, null])) }
}
