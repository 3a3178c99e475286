import { UserError } from '../errors.ts'
import { type ModelConfig, stacksOf } from '../models/model.ts'
import { fitRows } from '../text/fit-rows.ts'
import type { InputPart } from '../text/input-template.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

/** Rows that a model may have beyond its tokenizer's ids, since vocabularies are padded. */
const PADDING = 128
const PADDING_SHARE = 0.02

export interface FittedTokenizer {
  tokenizer: Tokenizer
  /** The added tokens that the model has no row for, in words. */
  unused: string[]
}

/**
 * The tokenizer as a model can use it, see `fitRows`. `pads`: whether the model may have any number
 * of rows beyond it. Throws UserError that begins with `where` if the two do not belong together.
 */
export function fitTokenizer(
  where: string,
  given: Tokenizer,
  config: ModelConfig,
  { pads = false }: { pads?: boolean } = {},
): FittedTokenizer {
  const all = stacksOf(config).map(({ vocabSize }) => vocabSize)
  const { tokenizer, without } = fitRows(given, Math.min(...all))
  checkTemplate(where, tokenizer, config)
  const { vocabSize: tokens } = tokenizer
  for (const rows of all) {
    const most = pads ? Number.POSITIVE_INFINITY : Math.max(PADDING, PADDING_SHARE * rows)
    if (tokens <= rows && rows - tokens <= most) continue
    throw new UserError(
      `${where} has ${tokens} tokens, but the model was made for ${rows}; they do not belong ` +
        'together',
    )
  }
  return { tokenizer, unused: without.map((name) => `token ${name} (no row in the model)`) }
}

/** What stands around texts must be tokens that there are, of types that the model has. */
function checkTemplate(where: string, tokenizer: Tokenizer, config: ModelConfig): void {
  const { single = [], pair = [] } = tokenizer.inputTemplate ?? {}
  const types = Math.min(...stacksOf(config).map(({ tokenTypes }) => tokenTypes))
  // Some files tell two texts apart that the model does not; these are for one only.
  const most = (parts: readonly InputPart[]) => (parts === pair ? Math.max(types, 2) : types)
  for (const parts of [single, pair]) {
    const other = parts.find(({ type }) => types > 0 && type >= most(parts))
    if (other)
      throw new UserError(
        `${where}: post_processor has the token type (type_id) ${other.type}, but the model has ` +
          `${types}, from 0 on; correct the file`,
      )
    const id = parts.flatMap(({ ids = [] }) => ids).find((id) => !(id < tokenizer.vocabSize))
    if (id !== undefined)
      throw new UserError(
        `${where}: post_processor has the token ${id}; ids end at ${tokenizer.vocabSize - 1}`,
      )
  }
}
