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
