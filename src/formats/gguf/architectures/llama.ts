import { expertRenames, readExperts, writeExperts } from './experts.ts'
import { llamaLike } from './llama-like.ts'

/** Llama, Mistral without its window, and Mixtral: files do not tell them apart. */
export const llama = llamaLike({
  architecture: 'llama',
  pairs: true,
  biases: true,
  read: (fields, { hiddenDim }) => readExperts(fields, hiddenDim),
  write: writeExperts,
  renames: expertRenames,
})
