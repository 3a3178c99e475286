import { encodeWords } from '../text/encode-input.ts'
import { expectTask, softmax } from './classify.ts'
import type { TextModel } from './text-model.ts'

export interface TaggedWord {
  word: string
  /** Undefined if the word lies beyond the model's context. */
  tag: string | undefined
  probability: number
}

/** The likeliest tag of each word's first token. Throws UserError for a model of another task. */
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
      const position = sources.indexOf(w)
      if (position < 0) return { word, tag: undefined, probability: 0 }
      const start = position * labels.length
      const probabilities = softmax(logits.subarray(start, start + labels.length))
      const probability = Math.max(...probabilities)
      return { word, tag: labels[probabilities.indexOf(probability)], probability }
    })
  })
}
