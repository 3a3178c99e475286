import { UserError } from '../errors.ts'
import { type ModelConfig, stacksOf } from '../models/model.ts'
import { fitRows } from '../text/fit-rows.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

/** Rows that a model may have beyond its tokenizer's ids: vocabularies are padded to round numbers. */
const PADDING = 128
const PADDING_SHARE = 0.02

export interface FittedTokenizer {
  tokenizer: Tokenizer
  /** The added tokens that the model has no row for, in words. */
  unused: string[]
}

/**
 * The tokenizer as a model can use it, see `fitRows`. `pads`: whether the model may have any number of rows
 * beyond it. Throws UserError that begins with `where` if the two do not belong together.
 */
export function fitTokenizer(
  where: string,
  given: Tokenizer,
  config: ModelConfig,
  { pads = false }: { pads?: boolean } = {},
): FittedTokenizer {
  const all = stacksOf(config).map(({ vocabSize }) => vocabSize)
  const { tokenizer, without } = fitRows(given, Math.min(...all))
  const { vocabSize: tokens } = tokenizer
  for (const rows of all) {
    const most = pads ? Number.POSITIVE_INFINITY : Math.max(PADDING, PADDING_SHARE * rows)
    if (tokens <= rows && rows - tokens <= most) continue
    throw new UserError(
      `${where} has ${tokens} tokens, but the model was made for ${rows}; they do not belong together`,
    )
  }
  return { tokenizer, unused: without.map((name) => `token ${name} (no row in the model)`) }
}
