import {
  parseSourceTarget,
  type SourceTarget,
  sourcesEach,
  sourceTargetSet,
} from '../../data/tasks/source-targets.ts'
import { EncoderDecoder } from '../../models/encoder-decoder.ts'
import type { Model } from '../../models/model.ts'
import { sequenceToSequenceObjective } from '../../objectives/sequence-to-sequence.ts'
import type { RecordTask } from './task.ts'

/** Writing one text from another, or from several: `{"source": "...", "target": "..."}`. */
export const seq2seq: RecordTask<SourceTarget> = {
  kinds: ['encoder-decoder'],
  style: 't5',
  parse: parseSourceTarget,
  texts: ({ sources, target }) => [...sources, target],
  sourcesEach,
  examples: (records, tokenizer, model, { length: sourceLength, targetLength: length }) => {
    const { startId } = writerOf(model).config
    return sourceTargetSet(records, { tokenizer, sourceLength, length, startId })
  },
  objective:
    (model, { length: sourceLength, targetLength: length, sources, labelSmoothing }) =>
    (sizes) =>
      sequenceToSequenceObjective(writerOf(model), {
        ...{ ...sizes, sourceLength, length, sources, labelSmoothing },
      }),
}

function writerOf(model: Model): EncoderDecoder {
  if (model instanceof EncoderDecoder) return model
  throw new TypeError(`an ${model.config.kind} does not write from what an encoder has read`)
}
