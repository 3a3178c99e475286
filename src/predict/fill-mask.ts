import { UserError } from '../errors.ts'
import { largest } from '../generate/sampling/largest.ts'
import { encodeInput } from '../text/encode-input.ts'
import { expectTask, softmax } from './classify.ts'
import type { TextModel } from './text-model.ts'

export interface Filling {
  token: number
  text: string
  probability: number
}

/**
 * The `top` likeliest tokens for every masked token of a text, such as [MASK]. Throws UserError if
 * there is none, or if the model is for another task.
 */
export async function fillMask(
  model: TextModel,
  text: string,
  { top = 5, signal }: { top?: number; signal?: AbortSignal } = {},
): Promise<Filling[][]> {
  expectTask(model, 'mlm')
  const { tokenizer, context: maxLength } = model
  const { maskId, vocabSize } = tokenizer
  const encoded = encodeInput(tokenizer, text, { maxLength, specials: true })
  const positions = encoded.ids.flatMap((id, i) => (id === maskId ? [i] : []))
  const all = encodeInput(tokenizer, text, { specials: true }).ids.filter((id) => id === maskId)
  if (positions.length < all.length)
    throw new UserError(
      `a gap lies beyond the model's context of ${maxLength} tokens; shorten the text`,
    )
  if (maskId === undefined || positions.length === 0)
    throw new UserError(
      'the text has no gap to fill; ' +
        `write ${tokenizer.decode([maskId ?? 0], { specials: true })} for one`,
    )
  const [logits] = await model.outputs([encoded], { rows: [positions], signal })
  const width = (logits as Float32Array).length / positions.length
  return positions.map((_, i) => {
    // A padded vocabulary has more rows than the tokenizer has tokens.
    const row = (logits as Float32Array).subarray(i * width, i * width + Math.min(width, vocabSize))
    const probabilities = softmax(row)
    return Array.from(largest(row, row.length, top), (token) => {
      return { token, text: tokenizer.decode([token]), probability: probabilities[token] as number }
    })
  })
}
