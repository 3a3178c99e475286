import { UserError } from '../errors.ts'
import { addedToken, type TokenizerJson } from './tokenizer-json.ts'

/**
 * A tokenizer.json with the special tokens that it lacks, their ids after all others: what
 * instruction tuning needs of a base model's tokenizer. Throws UserError when one is an ordinary
 * token already.
 */
export function withSpecialTokens<T extends TokenizerJson>(
  json: T,
  contents: readonly string[],
): T {
  const { vocab } = json.model
  const ids = new Map<unknown, unknown>(
    Array.isArray(vocab) ? vocab.map((piece, id) => [piece?.[0], id]) : Object.entries(vocab ?? {}),
  )
  const added = [...json.added_tokens]
  let next = 0
  for (const id of [...ids.values(), ...added.map((token) => token.id)]) {
    next = Math.max(next, Number(id) + 1)
  }
  for (const content of contents) {
    const known = added.find((token) => token.content === content)
    if (known?.special) continue
    if (content === '' || known || ids.has(content)) {
      throw new UserError(
        `${JSON.stringify(content)} cannot become a special token: the tokenizer has it for ordinary text; choose another, or a chat template without it`,
      )
    }
    added.push(addedToken(next++, content, { special: true }))
  }
  return { ...json, added_tokens: added }
}
