import { UserError } from '../../errors.ts'
import { templateProcessing } from '../input-template.ts'
import { type TokenizerConfig, type TokenizerJson, tokenizerJson } from '../tokenizer-json.ts'
import { addedTokens, nameOf } from './added-tokens.ts'

/**
 * The tokenizer.json of BERT's `vocab.txt`, a token on each line; `config` as in
 * tokenizer_config.json: `do_lower_case` (default: true), `tokenize_chinese_chars` (true),
 * `strip_accents` (as `do_lower_case`), and the names of special tokens. Throws UserError if the
 * vocabulary lacks the unknown token.
 */
export function wordPieceTokenizer(text: string, config: TokenizerConfig = {}): TokenizerJson {
  const lines = text.split(/\r\n|\r|\n/)
  if (lines.at(-1) === '') lines.pop()
  const vocab = new Map(lines.map((token, id) => [token, id]))
  const [unk, cls, sep, pad, mask] = ['unk', 'cls', 'sep', 'pad', 'mask'].map(
    (role) => nameOf(config[`${role}_token`]) ?? `[${role.toUpperCase()}]`,
  ) as [string, string, string, string, string]
  if (!vocab.has(unk)) {
    throw new UserError(
      `vocab.txt: there is no ${unk} among its ${vocab.size} tokens; is this the vocabulary of a ` +
        'BERT?',
    )
  }
  const present = [unk, cls, sep, pad, mask].filter((content) => vocab.has(content))
  const special = present.map((content) => ({ content, special: true }))
  const hasEnds = vocab.has(cls) && vocab.has(sep)
  return tokenizerJson({
    added_tokens: addedTokens(vocab, config, special),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars !== false,
      strip_accents: typeof config.strip_accents === 'boolean' ? config.strip_accents : null,
      lowercase: config.do_lower_case !== false,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: hasEnds
      ? templateProcessing(
          `${cls} $A ${sep}`,
          `${cls} $A ${sep} $B:1 ${sep}:1`,
          Object.fromEntries(vocab),
        )
      : null,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unk,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocab),
    },
  })
}
