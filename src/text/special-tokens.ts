import { UserError } from '../errors.ts'
import type { AddedToken, TokenizerConfig } from './tokenizer-json.ts'
import { isObject } from './tokenizer-json.ts'

/** The special tokens of a new tokenizer: documents are parted by the first, chats use ChatML's two. */
export const defaultSpecialTokens: readonly string[] = [
  '<|endoftext|>',
  '<|im_start|>',
  '<|im_end|>',
]

/** Names by which a file's special tokens are recognized when no configuration says which is which. */
const beginnings = [
  '<|bos|>',
  '<|begin_of_text|>',
  '<|startoftext|>',
  '<bos>',
  '<s>',
  '<|endoftext|>',
]
const ends = ['<|eos|>', '<|end_of_text|>', '<eos>', '</s>', '<|endoftext|>', '<|im_end|>']

export interface SpecialTokens {
  readonly specialTokens: Readonly<Record<string, number>>
  readonly bosId: number | undefined
  readonly eosId: number | undefined
}

/**
 * Special tokens by content, and which of them begins and ends a document: what `config` says, else
 * by well-known names. Throws a UserError if `config` names a token that the tokenizer lacks.
 */
export function specialTokensOf(
  added: readonly AddedToken[],
  config: TokenizerConfig,
): SpecialTokens {
  const ids = new Map(
    added.filter((token) => token.special).map((token) => [token.content, token.id]),
  )
  const idOf = (field: 'bos_token' | 'eos_token', names: readonly string[]): number | undefined => {
    const value = config[field]
    const name = isObject(value) ? value.content : value
    if (typeof name !== 'string') return ids.get(names.find((known) => ids.has(known)) ?? '')
    const id = ids.get(name) ?? added.find((token) => token.content === name)?.id
    if (id === undefined) {
      throw new UserError(
        `tokenizer_config.json: ${field} is ${JSON.stringify(name)}, which is not among the added_tokens of tokenizer.json`,
      )
    }
    return id
  }
  return {
    specialTokens: Object.fromEntries(ids),
    bosId: idOf('bos_token', beginnings),
    eosId: idOf('eos_token', ends),
  }
}

/** Matches any of `contents`, the longest first; undefined if there are none. */
export function tokenPattern(contents: readonly string[]): RegExp | undefined {
  if (contents.length === 0) return undefined
  const longestFirst = [...contents].sort((a, b) => b.length - a.length)
  return new RegExp(longestFirst.map(escapeRegExp).join('|'), 'gu')
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** Cuts `text` into what lies between the matches of `pattern`, and the matches. */
export function* splitAt(
  text: string,
  pattern: RegExp | undefined,
): Generator<{ text: string; isToken: boolean }> {
  let from = 0
  if (pattern) {
    for (const match of text.matchAll(pattern)) {
      if (match.index > from) yield { text: text.slice(from, match.index), isToken: false }
      yield { text: match[0], isToken: true }
      from = match.index + match[0].length
    }
  }
  if (from < text.length) yield { text: from === 0 ? text : text.slice(from), isToken: false }
}
