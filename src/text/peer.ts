import { Tokenizer } from '@huggingface/tokenizers'

/** What we use of `@huggingface/tokenizers`, whose own declarations do not resolve under Node's rules. */
export interface PeerTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] }
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string
  pre_tokenizer: { pre_tokenize_text(text: string): string[] } | null
}

/** A tokenizer of `@huggingface/tokenizers`; throws its errors. */
export const peerTokenizer = (json: object, config: object): PeerTokenizer =>
  new Tokenizer(json, config)
