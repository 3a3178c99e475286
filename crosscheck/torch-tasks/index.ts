import { Decoder } from '../../src/models/decoder.ts'
import { EncoderDecoder } from '../../src/models/encoder-decoder.ts'
import type { Model } from '../../src/models/model.ts'
import { classification, tagging } from './classification.ts'
import { contrastive } from './contrastive.ts'
import { languageModel } from './language-model.ts'
import { maskedLanguageModel } from './masked-language-model.ts'
import { sequenceToSequence } from './sequence-to-sequence.ts'
import type { Given, Task } from './task.ts'

/** The task that a model's head is for. */
export function taskOf(model: Model, given: Given): Task {
  if (model instanceof EncoderDecoder) return sequenceToSequence(model, given)
  const task = model.config.head?.task
  if (model instanceof Decoder && !task) return languageModel(model, given)
  if (!(model instanceof Decoder) && task === 'mlm') return maskedLanguageModel(model)
  if (task === 'tag') return tagging(model, given)
  return task === 'embed' ? contrastive(model) : classification(model, given)
}
