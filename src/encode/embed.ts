import { encodeAll, expectTask, type TextInput } from './classify.ts'
import type { TextModel } from './text-model.ts'

/** A vector for each text. Throws UserError where the model is for another task. */
export async function embed(
  model: TextModel,
  texts: readonly TextInput[],
  options: { signal?: AbortSignal } = {},
): Promise<Float32Array[]> {
  expectTask(model, 'embed')
  return model.outputs(encodeAll(model, texts), options)
}

/** Cosine of the angle between two vectors: 1 where they point the same way. */
export function cosineSimilarity(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0]
  for (const [i, x] of a.entries()) {
    const y = b[i] as number
    dot += x * y
    aa += x * x
    bb += y * y
  }
  return dot / Math.sqrt(aa * bb)
}
