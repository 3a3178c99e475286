import type { Tokenizer } from './tokenizer.ts'

/** The text that `ids` add to that of `before`: blanks where two tokens meet belong to it. */
export function decodeAfter(
  tokenizer: Tokenizer,
  before: ArrayLike<number>,
  ids: readonly number[],
): string {
  const decoder = tokenizer.decoder(before)
  return ids.map((id) => decoder.push(id)).join('') + decoder.end()
}
