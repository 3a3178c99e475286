import type { Tensor } from '../../src/graph/index.ts'
import type { EncoderDecoder } from '../../src/models/encoder-decoder.ts'
import { fuseSources } from '../../src/models/encoder-decoder.ts'
import { sequenceToSequenceObjective } from '../../src/objectives/sequence-to-sequence.ts'
import { counted, IDS, LENGTH, MASK, ROWS, TARGETS, without } from './batch.ts'
import type { Given, Task } from './task.ts'

export function sequenceToSequence(
  model: EncoderDecoder,
  { labelSmoothing, sources = 1 }: Given,
): Task {
  const { startId, padId } = model.config
  const sizes = { rows: 2, sourceLength: LENGTH, length: 5 }
  const objective = sequenceToSequenceObjective(model, { ...sizes, sources, labelSmoothing })
  const rows = Array.from({ length: 2 * sources }, (_, i) => i % ROWS)
  const mask = rows.map((i) => MASK[i] as number[])
  const source = rows.map((i) => IDS[i]?.map((x, j) => (MASK[i]?.[j] ? x : padId)) ?? [])
  const written = TARGETS.slice(0, 2).map((row) => row.slice(0, 5))
  const targets = without(written, [1, 4])
  const ids = written.map((row) => [startId, ...row.slice(0, -1)])
  const tensors = objective.inputs as Record<'source' | 'mask' | 'ids', Tensor>
  const encoded = fuseSources(model.encode(tensors.source, { mask: tensors.mask }), sources)
  const hidden = model.hidden(tensors.ids, { source: encoded })
  /** Of each example, where it has several. */
  const bySource = (all: number[][]) =>
    sources === 1 ? all : [all.slice(0, sources), all.slice(sources)]
  return {
    objective,
    feeds: { source, mask, ids, targets, weight: [1 / counted(targets)] },
    outputs: {
      source_hidden: { tensor: encoded.hidden, rows: mask.flat() },
      hidden: { tensor: hidden },
      logits: { tensor: model.logits(hidden) },
    },
    peer: {
      head: 'seq2seq_lm',
      inputs: {
        ids,
        labels: targets,
        source_ids: bySource(source),
        source_mask: bySource(mask),
      },
    },
  }
}
