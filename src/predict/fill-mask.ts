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
 * The `top` likeliest tokens for every gap of a text, gap by gap. A gap is written as the
 * tokenizer's mask token, such as [MASK]. Throws UserError where there is none, or the model is for
 * another task.
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
  const places = encoded.ids.flatMap((id, i) => (id === maskId ? [i] : []))
  const all = encodeInput(tokenizer, text, { specials: true }).ids.filter((id) => id === maskId)
  if (places.length < all.length)
    throw new UserError(
      `a gap lies beyond the ${maxLength} tokens that the model reads; shorten the text`,
    )
  if (maskId === undefined || places.length === 0)
    throw new UserError(
      'the text has no gap to fill; write ' +
        `${tokenizer.decode([maskId ?? 0], { specials: true })} for one`,
    )
  const [logits] = await model.outputs([encoded], { rows: [places], signal })
  const width = (logits as Float32Array).length / places.length
  return places.map((_, i) => {
    // A model may have rows for more tokens than the tokenizer has.
    const row = (logits as Float32Array).subarray(i * width, i * width + Math.min(width, vocabSize))
    const chances = softmax(row)
    return Array.from(largest(row, row.length, top), (token) => {
      return { token, text: tokenizer.decode([token]), probability: chances[token] as number }
    })
  })
}
