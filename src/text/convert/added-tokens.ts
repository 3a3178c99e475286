import { type AddedToken, addedToken, isObject, type TokenizerConfig } from '../tokenizer-json.ts'

type Flags = Readonly<Record<string, unknown>>

/** A special token's content: a name, or an object with one. */
export function nameOf(value: unknown): string | undefined {
  const content = isObject(value) ? value.content : value
  return typeof content === 'string' && content !== '' ? content : undefined
}

const ROLES = ['bos', 'eos', 'pad', 'unk', 'mask', 'cls', 'sep'].map((role) => `${role}_token`)

/**
 * The added tokens of a tokenizer with this vocabulary: the `known` ones, those of the
 * `added_tokens_decoder` of `config`, which may give others flags, and those that it names by their
 * roles. A token that the vocabulary lacks gets the next id. Ordered by id.
 */
export function addedTokens(
  vocabulary: ReadonlyMap<string, number>,
  config: TokenizerConfig,
  known: readonly ({ readonly content: string } & Flags)[],
): AddedToken[] {
  const tokens = new Map<string, AddedToken>()
  let next = 0
  for (const id of vocabulary.values()) next = Math.max(next, id + 1)
  const add = (content: string, flags: Flags, given = vocabulary.get(content)) => {
    const id = given ?? tokens.get(content)?.id ?? next
    next = Math.max(next, id + 1)
    tokens.set(content, addedToken(id, content, flags))
  }
  for (const token of known) add(token.content, token)
  const { added_tokens_decoder: listed } = config
  for (const [id, token] of Object.entries(isObject(listed) ? listed : {})) {
    const content = nameOf(token)
    if (content && isObject(token)) add(content, token, Number(id))
  }
  for (const role of ROLES) {
    const content = nameOf(config[role])
    const flags = isObject(config[role]) ? config[role] : {}
    if (content && !tokens.has(content)) add(content, { ...flags, special: true })
  }
  return [...tokens.values()].sort((a, b) => a.id - b.id)
}
