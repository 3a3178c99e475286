import { Tokenizer } from '@huggingface/tokenizers'

/** The used part of `@huggingface/tokenizers`; its own declarations do not resolve in Node. */
export interface PeerTokenizer {
  encode(
    text: string,
    options: { add_special_tokens: boolean; text_pair?: string; return_token_type_ids?: boolean },
  ): { ids: number[]; token_type_ids?: number[] }
  pre_tokenizer: { pattern: RegExp } | null
}

/** A tokenizer of `@huggingface/tokenizers`; throws its errors. */
export const peerTokenizer = (json: object, config: object): PeerTokenizer =>
  new Tokenizer(json, config)

/** A regular expression in Oniguruma's notation as JavaScript's, global. Throws if it is none. */
export function regExpOf(source: string): RegExp {
  const split = { type: 'Split', pattern: { Regex: source }, behavior: 'Isolated', invert: false }
  const { pre_tokenizer } = peerTokenizer(
    {
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: split,
      post_processor: null,
      decoder: null,
      model: { type: 'BPE', vocab: {}, merges: [] },
    },
    {},
  )
  return (pre_tokenizer as { pattern: RegExp }).pattern
}
