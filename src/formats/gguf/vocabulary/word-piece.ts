import { UserError } from '../../../errors.ts'
import { wordPieceTokenizer } from '../../../text/convert/word-piece.ts'
import { isObject, type TokenizerConfig, type TokenizerJson } from '../../../text/tokenizer-json.ts'
import type { GgufMetadata } from '../metadata.ts'
import { flag, type GgufValue } from '../values.ts'
import type { GgufToken } from './tokens.ts'

const [PREFIX, MARK] = ['##', '▁']
const LOWERCASE = 'tokenizer.ggml.normalizer.lowercase'
const STRIP_ACCENTS = 'tokenizer.ggml.normalizer.strip_accents'

/** llama.cpp marks what begins a word, where BERT marks what does not. */
export const toMarked = (token: GgufToken): GgufToken => {
  const { text, kind } = token
  if (kind !== 'normal') return token
  return { kind, text: text.startsWith(PREFIX) ? text.slice(PREFIX.length) : MARK + text }
}

const fromMarked = ({ text, kind }: GgufToken): string => {
  if (kind !== 'normal') return text
  return text.startsWith(MARK) ? text.slice(MARK.length) : PREFIX + text
}

/**
 * The tokens of a WordPiece vocabulary. Throws UserError where llama.cpp prepares text otherwise.
 */
export function wordPieceTokens({ model, normalizer, pre_tokenizer }: TokenizerJson): {
  tokens: GgufToken[]
  fields: [string, GgufValue][]
} {
  const fail = (what: string) =>
    new UserError(`GGUF: ${what}, which llama.cpp does not have; export as huggingface`)
  if (model.continuing_subword_prefix !== PREFIX)
    throw fail(`the tokenizer's parts of words begin with ${model.continuing_subword_prefix}`)
  if (!isObject(normalizer) || normalizer.type !== 'BertNormalizer')
    throw fail("the tokenizer's normalizer is not BERT's")
  if (!isObject(pre_tokenizer) || pre_tokenizer.type !== 'BertPreTokenizer')
    throw fail("the tokenizer's pre_tokenizer is not BERT's")
  if (normalizer.clean_text === false || normalizer.handle_chinese_chars === false)
    throw fail("the tokenizer's normalizer has clean_text or handle_chinese_chars off")
  const lowercase = normalizer.lowercase !== false
  const tokens: GgufToken[] = []
  for (const [text, id] of Object.entries(model.vocab as Record<string, number>))
    tokens[id] = { text, kind: text === model.unk_token ? 'unknown' : 'normal' }
  return {
    tokens,
    fields: [
      [LOWERCASE, flag(lowercase)],
      [STRIP_ACCENTS, flag((normalizer.strip_accents ?? lowercase) === true)],
    ],
  }
}

/** The tokenizer.json of a file's WordPiece vocabulary. */
export function readWordPiece(
  tokens: readonly GgufToken[],
  metadata: GgufMetadata,
  config: TokenizerConfig,
): TokenizerJson {
  const lowercase = metadata.boolean(LOWERCASE, true)
  return wordPieceTokenizer(tokens.map(fromMarked).join('\n'), {
    ...config,
    do_lower_case: lowercase,
    strip_accents: metadata.boolean(STRIP_ACCENTS, lowercase),
  })
}
