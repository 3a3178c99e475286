import { z } from 'zod'
import { documentSeparator } from '../data/sources/reading-options.ts'
import { rowTexts } from '../data/target-texts.ts'
import { UserError } from '../errors.ts'
import { Encoder } from '../models/encoder.ts'
import { type Model, stacksOf } from '../models/model.ts'
import { maskedLanguageModelObjective } from '../objectives/masked-language-model.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import { resumedAs } from '../options.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { storeOptions } from './lm.ts'
import {
  type MaskingOptions,
  maskedBatches,
  maskedCount,
  maskedReader,
  textLength,
} from './masked-tokens.ts'
import type { MeasuredRows, Task } from './task.ts'
import { measuredText, openText, packedRows, readTokens } from './text.ts'

const options = {
  ...resumedAs('derived', { documentSeparator }),
  // Validation losses before and after a change would not compare.
  ...resumedAs('fixed', {
    /** Share of the tokens that are masked (Devlin et al. 2019). */
    maskProbability: z.number().gt(0).lt(1).default(0.15),
  }),
}

/** Masked language modeling: masked tokens, from those on both sides (Devlin et al. 2019). */
export const mlm: Task<typeof options, typeof storeOptions> = {
  kinds: ['encoder'],
  architecture: 'bert',
  data: 'text',
  options,
  learning: storeOptions,
  open: async (source, { maskProbability, dataFolder }) =>
    openText(source, {
      shared: dataFolder,
      head: { task: 'mlm', labels: [] },
      rows: (data, { model, tokenizer }, length) => {
        const { seed, augmenter } = source
        const { masking, inner } = maskingFor(tokenizer, { length, maskProbability })
        const text = packedRows(data, { length: inner, seed, augmenter, tokenizer })
        const { validation } = text
        const objectiveOf = (model: Model) => masked(model, length, maskedCount(inner, masking))
        return {
          ...text,
          // Other tokens are masked each time.
          windows: undefined,
          identity: { ...text.identity, length },
          length,
          objective: objectiveOf(model),
          evaluationObjective: objectiveOf(model),
          objectiveOf,
          reader: (rows) => maskedReader(text.reader(rows), masking, { seed }),
          validation: validation && ((rows) => maskedRows(validation(rows), masking)),
        }
      },
    }),
  measure: async ({ corpus }, { model, tokenizer }, { maskProbability }) => {
    const context = stacksOf(model.config)[0]?.context ?? 0
    const { masking, inner } = maskingFor(tokenizer, { length: context, maskProbability })
    const text = await readTokens(corpus, tokenizer)
    const rows = measuredText(text, { length: inner, tokenizer })
    const length = rows.length + context - inner
    const objectiveOf = (other: Model) => masked(other, length, maskedCount(rows.length, masking))
    return {
      ...maskedRows(rows, masking),
      inputs: () => rowTexts(rows.batches(), tokenizer),
      length,
      evaluationObjective: objectiveOf(model),
      objectiveOf,
      notices: text.notices,
    }
  },
}

/** How a tokenizer's text is masked, and the tokens of text in a row of `length`. */
function maskingFor(
  { maskId, vocabSize, clsId, sepId }: Tokenizer,
  { length, maskProbability: probability }: { length: number; maskProbability: number },
): { masking: MaskingOptions; inner: number } {
  if (maskId === undefined)
    throw new UserError(
      'the tokenizer has no mask token, such as [MASK]; give another, or leave out --tokenizer',
    )
  const masking = { maskId, vocabSize, clsId, sepId, probability }
  const inner = textLength(length, masking)
  if (inner < 1)
    throw new UserError(`a context of ${length} has no room for text; give a larger --context`)
  return { masking, inner }
}

/** Perplexity and bits per byte are of whole texts, and masked tokens are a part. */
const maskedRows = ({ batches }: MeasuredRows, masking: MaskingOptions): MeasuredRows => ({
  batches: () => maskedBatches(batches(), masking),
  measures: ['loss'],
})

function masked(model: Model, length: number, count: number): ObjectiveBuilder {
  if (!(model instanceof Encoder)) throw new TypeError(`the ${model.config.kind} fills no gaps`)
  return (given) => maskedLanguageModelObjective(model, { ...given, length, masked: count })
}
