import type { Decoder } from '../../src/models/decoder.ts'
import type { Encoder } from '../../src/models/encoder.ts'
import { headOf, pool } from '../../src/models/head.ts'
import { classificationObjective, taggingObjective } from '../../src/objectives/classification.ts'
import {
  counted,
  IDS,
  LENGTH,
  MASK,
  namedForPeer,
  openHidden,
  PLACES,
  ROWS,
  TARGETS,
  textsFor,
} from './batch.ts'
import type { Given, Task } from './task.ts'

export function classification(model: Encoder | Decoder, { labelSmoothing }: Given): Task {
  const sizes = { rows: ROWS, length: LENGTH }
  const objective = classificationObjective(model, { ...sizes, labelSmoothing })
  const { head, task, pooling } = headOf(model)
  const texts = textsFor(model, IDS)
  const { hidden, mask } = openHidden(model)
  const targets = task === 'regress' ? [0.5, -1.5, 2] : [2, 0, 1]
  return {
    objective,
    feeds: { ...texts, positions: PLACES, targets, counted: [1, 1, 1], weight: [1 / ROWS] },
    outputs: {
      hidden: { tensor: hidden, rows: MASK.flat() },
      logits: { tensor: head.forward(pool(hidden, mask, pooling)) },
    },
    peer: { head: 'sequence_classification', inputs: { ...namedForPeer(texts), labels: targets } },
  }
}

export function tagging(model: Encoder | Decoder, { labelSmoothing }: Given): Task {
  const sizes = { rows: ROWS, length: LENGTH }
  const objective = taggingObjective(model, { ...sizes, labelSmoothing })
  const texts = textsFor(model, IDS)
  const { hidden } = openHidden(model)
  const targets = TARGETS.map((row, i) => row.map((x, j) => (MASK[i]?.[j] ? x % 3 : -100)))
  const rows = MASK.flat()
  return {
    objective,
    feeds: { ...texts, positions: PLACES, targets, weight: [1 / counted(targets)] },
    outputs: {
      hidden: { tensor: hidden, rows },
      logits: { tensor: headOf(model).head.forward(hidden), rows },
    },
    peer: { head: 'token_classification', inputs: { ...namedForPeer(texts), labels: targets } },
  }
}
