import type { Tensor } from '../../src/graph/index.ts'
import type { Decoder } from '../../src/models/decoder.ts'
import { languageModelObjective } from '../../src/objectives/language-model.ts'
import { counted, IDS, LENGTH, open, PLACES, ROWS, TARGETS, without } from './batch.ts'
import type { Given, Task } from './task.ts'

export function languageModel(model: Decoder, { labelSmoothing, positions, fixed }: Given): Task {
  const packed = positions !== undefined
  // The given positions leave gaps, and so go beyond the length.
  const sizes = { rows: ROWS, length: LENGTH, reach: packed ? model.config.context : undefined }
  const objective = languageModelObjective(model, { ...sizes, labelSmoothing, packed })
  const hidden = fixed
    ? model.hidden(objective.inputs.ids as Tensor)
    : model.hidden(open('ids'), { positions: open('positions') })
  const targets = without(TARGETS, [1, 2])
  return {
    objective,
    feeds: {
      ids: IDS,
      targets,
      weight: [1 / counted(targets)],
      positions: positions ?? PLACES,
      segments: IDS.map((row) => row.map(() => 1)),
    },
    outputs: { hidden: { tensor: hidden }, logits: { tensor: model.logits(hidden) } },
    peer: { head: 'causal_lm', inputs: { ids: IDS, labels: targets, positions } },
  }
}
