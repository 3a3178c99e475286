import { addedToken, bpeModel, type TokenizerJson, tokenizerJson } from '../tokenizer-json.ts'
import type { SplitName } from './split.ts'
import { splitSources } from './split.ts'

/** What a byte-level BPE tokenizer consists of; tokens are spelled in the byte alphabet. */
export interface ByteLevelParts {
  /** A name, or another regular expression. */
  split: SplitName | { pattern: string }
  vocab: Record<string, number>
  merges: [string, string][]
  /** Special tokens by content. */
  specials: Record<string, number>
  /** What a model expects around texts. */
  postProcessor?: object | null
  /** A word that is a token as it stands is that token, whatever the merges give. */
  ignoreMerges?: boolean
}

/** The `tokenizer.json` of such a tokenizer, as Hugging Face's libraries read it. */
export function byteLevelJson(parts: ByteLevelParts): TokenizerJson {
  const { split } = parts
  const pattern = typeof split === 'string' ? splitSources[split] : split.pattern
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true }
  return tokenizerJson({
    added_tokens: Object.entries(parts.specials).map(([content, id]) =>
      addedToken(id, content, { special: true }),
    ),
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
        { ...byteLevel, use_regex: false },
      ],
    },
    post_processor: parts.postProcessor ?? null,
    decoder: { ...byteLevel, use_regex: false },
    model: bpeModel({
      ignore_merges: parts.ignoreMerges ?? false,
      vocab: { ...parts.vocab, ...parts.specials },
      merges: parts.merges,
    }),
  })
}
