import { UserError } from '../errors.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

/** Tokens of a prompt. Throws UserError where it is empty and nothing can stand for its beginning. */
export function encodePrompt(
  { tokenizer, addBos }: { tokenizer: Tokenizer; addBos: boolean },
  prompt: string,
): number[] {
  const ids = tokenizer.encode(prompt)
  if (ids.length === 0) return [beginning(tokenizer)]
  return addBos && tokenizer.bosId !== undefined ? [tokenizer.bosId, ...ids] : ids
}

/**
 * What an empty prompt starts from: BOS; or what ends the document before; or, for tokenizers with
 * neither, a new line.
 */
function beginning(tokenizer: Tokenizer): number {
  const [newline] = tokenizer.encode('\n')
  const start = tokenizer.bosId ?? tokenizer.eosId ?? newline
  if (start === undefined)
    throw new UserError(
      'the prompt is empty, and this tokenizer has no token to start from; give a prompt',
    )
  return start
}
