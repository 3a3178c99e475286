import { encodeWords } from '../text/encode-input.ts'
import { expectTask, softmax } from './classify.ts'
import type { TextModel } from './text-model.ts'

export interface TaggedWord {
  word: string
  /** Undefined where the text was too long to be read to here. */
  tag: string | undefined
  probability: number
}

/**
 * The likeliest tag of every word, by its first token. Throws UserError where the model is for
 * another task.
 */
export async function tag(
  model: TextModel,
  sentences: readonly (readonly string[])[],
  options: { signal?: AbortSignal } = {},
): Promise<TaggedWord[][]> {
  const { labels } = expectTask(model, 'tag')
  const { tokenizer, context: maxLength } = model
  const encoded = sentences.map((words) => encodeWords(tokenizer, words, { maxLength }))
  const outputs = await model.outputs(encoded, options)
  return sentences.map((words, i) => {
    const sources = encoded[i]?.words ?? []
    const logits = outputs[i] as Float32Array
    return words.map((word, w) => {
      const place = sources.indexOf(w)
      if (place < 0) return { word, tag: undefined, probability: 0 }
      const start = place * labels.length
      const chances = softmax(logits.subarray(start, start + labels.length))
      const best = chances.indexOf(Math.max(...chances))
      return { word, tag: labels[best], probability: chances[best] as number }
    })
  })
}
