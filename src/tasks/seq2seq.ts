import { z } from 'zod'
import { parsedRecords } from '../data/sources/faults.ts'
import {
  parseSourceTarget,
  type SourceTarget,
  sourcesEach,
  sourceTargetSet,
} from '../data/tasks/source-targets.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import type { Model } from '../models/model.ts'
import { sequenceToSequenceObjective } from '../objectives/sequence-to-sequence.ts'
import { resumedAs } from '../options.ts'
import { type Expected, exactMatch } from '../predict/completions.ts'
import { encodeInput } from '../text/encode-input.ts'
import { recordTask, type Sizes } from './records.ts'
import { type Subject, smoothing } from './task.ts'
import { asWriter } from './trained-model.ts'

const options = resumedAs('derived', {
  /** Tokens of the text that is written; default: as many as of the text that is read. */
  targetContext: z
    .number()
    .int()
    .min(1)
    .max(2 ** 20)
    .optional(),
})

/** Sequence to sequence: one text from another, or from several (Sutskever et al. 2014). */
export const seq2seq = recordTask({
  kinds: ['encoder-decoder'],
  architecture: 't5',
  data: '{"source": "...", "target": "..."}, or "sources" for several texts',
  options,
  learning: smoothing,
  read: (corpus) => parsedRecords(corpus, parseSourceTarget),
  texts: ({ sources, target }) => [...sources, target],
  sourcesEach,
  examples: (records, { model, tokenizer }, { length: sourceLength, targetLength: length }) => {
    const { startId } = encoderDecoderOf(model).config
    return sourceTargetSet(records, { tokenizer, sourceLength, length, startId })
  },
  objective:
    (model, { length: sourceLength, targetLength, sources, labelSmoothing }) =>
    (sizes) =>
      sequenceToSequenceObjective(encoderDecoderOf(model), {
        ...sizes,
        sourceLength,
        length: targetLength,
        sources,
        labelSmoothing,
      }),
  expected: expectedTargets,
  score: async (trained, records, sizes) => {
    const expected = expectedTargets(records, trained, sizes)
    return asWriter(trained, async (model) => ({
      exactMatch: await exactMatch(model, expected, trained),
    }))
  },
})

function expectedTargets(
  records: readonly SourceTarget[],
  { model, tokenizer }: Subject,
  { length: maxLength }: Sizes,
): Expected[] {
  const { startId } = encoderDecoderOf(model).config
  return records.map(({ sources, target }) => ({
    prompt: {
      ids: [startId],
      sources: sources.map((source) => encodeInput(tokenizer, source, { maxLength }).ids),
    },
    given: sources.join(' | '),
    text: target,
  }))
}

function encoderDecoderOf(model: Model): EncoderDecoder {
  if (model instanceof EncoderDecoder) return model
  throw new TypeError(`an ${model.config.kind} does not write from what an encoder has read`)
}
