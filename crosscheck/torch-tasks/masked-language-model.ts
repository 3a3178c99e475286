import type { Encoder } from '../../src/models/encoder.ts'
import { maskedLanguageModelObjective } from '../../src/objectives/masked-language-model.ts'
import { counted, IDS, LENGTH, MASK, open, openMask, PLACES, ROWS, textsFor } from './batch.ts'
import type { Task } from './task.ts'

export function maskedLanguageModel(model: Encoder): Task {
  const objective = maskedLanguageModelObjective(model, { rows: ROWS, length: LENGTH, masked: 2 })
  const labels = [
    [-100, 14, -100, -100, 3, -100, -100],
    [6, -100, -100, 11, -100, -100, -100],
    [-100, -100, 5, -100, -100, -100, -100],
  ]
  // Where those that count stand; the third text has one only.
  const maskedPositions = [1, 4, 0, 3, 2, 0]
  const targets = [14, 3, 6, 11, 5, -100]
  const { ids } = textsFor(model, IDS)
  const hidden = model.hidden(open('ids'), { mask: openMask(), positions: open('positions') })
  const { head, embedding } = model
  return {
    objective,
    feeds: {
      ids,
      mask: MASK,
      positions: PLACES,
      maskedPositions,
      targets,
      weight: [1 / counted(labels)],
    },
    outputs: {
      hidden: { tensor: hidden, rows: MASK.flat() },
      logits: { tensor: head.forward(hidden, { embedding }), rows: MASK.flat() },
    },
    peer: { head: 'masked_lm', inputs: { ids, mask: MASK, labels } },
  }
}
