import { slice, type Tensor } from '../../src/graph/index.ts'
import type { Decoder } from '../../src/models/decoder.ts'
import type { Encoder } from '../../src/models/encoder.ts'
import { headOf, vectorsOf } from '../../src/models/head.ts'
import { contrastiveObjective } from '../../src/objectives/contrastive.ts'
import { IDS, LENGTH, MASK, namedForPeer, ROWS, TARGETS, textsFor } from './batch.ts'
import type { Task } from './task.ts'

const TEMPERATURE = 0.3

/** Texts and their pairs. */
export function contrastive(model: Encoder | Decoder): Task {
  const objective = contrastiveObjective(model, {
    rows: ROWS,
    length: LENGTH,
    temperature: TEMPERATURE,
  })
  const texts = textsFor(model, IDS)
  const pairs = textsFor(model, TARGETS)
  const { ids, mask, types } = objective.inputs as Record<'ids' | 'mask' | 'types', Tensor>
  const hidden = model.hidden(ids, { mask, types })
  const { pooling, normalized } = headOf(model)
  const vectors = vectorsOf(model, hidden, mask)
  return {
    objective,
    feeds: {
      ids: [...texts.ids, ...pairs.ids],
      mask: [...texts.mask, ...pairs.mask],
      ...(texts.types && { types: [...texts.types, ...texts.types] }),
      weight: [1 / ROWS],
    },
    outputs: {
      hidden: { tensor: slice(hidden, 0, 0, ROWS * LENGTH), rows: MASK.flat() },
      embedding: { tensor: slice(vectors, 0, 0, ROWS) },
    },
    peer: {
      head: 'base',
      inputs: { ...namedForPeer(texts), ...namedForPeer(pairs, 'pair_') },
      pooling: POOLINGS[pooling],
      normalize: normalized,
      temperature: TEMPERATURE,
    },
  }
}

/** The peer's words. */
const POOLINGS = { first: 'cls', last: 'last', mean: 'mean' } as const
