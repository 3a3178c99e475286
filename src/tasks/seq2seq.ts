import {
  parseSourceTarget,
  type SourceTarget,
  sourcesEach,
  sourceTargetSet,
} from '../data/tasks/source-targets.ts'
import { LanguageModel } from '../generate/language-model.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import type { Model } from '../models/model.ts'
import { sequenceToSequenceObjective } from '../objectives/sequence-to-sequence.ts'
import { type Expected, exactMatch, type PromptReading } from '../predict/completions.ts'
import { encodeInput } from '../text/encode-input.ts'
import type { RecordTask, TaskSizes } from './task.ts'

/** Writing one text from another, or from several: `{"source": "...", "target": "..."}`. */
export const seq2seq: RecordTask<SourceTarget> = {
  kinds: ['encoder-decoder'],
  architecture: 't5',
  parse: parseSourceTarget,
  texts: ({ sources, target }) => [...sources, target],
  sourcesEach,
  examples: (records, { tokenizer }, model, { length: sourceLength, targetLength: length }) => {
    const { startId } = writerOf(model).config
    return sourceTargetSet(records, { tokenizer, sourceLength, length, startId })
  },
  expected: expectedTargets,
  async measure(trained, records, sizes) {
    const writer = writerOf(trained.model)
    const model = await LanguageModel.create({ ...trained, model: writer })
    try {
      const expected = expectedTargets(records, trained, writer, sizes)
      return { exactMatch: await exactMatch(model, expected, trained) }
    } finally {
      await model.dispose()
    }
  },
  objective:
    (model, { length: sourceLength, targetLength: length, sources, labelSmoothing }) =>
    (sizes) =>
      sequenceToSequenceObjective(writerOf(model), {
        ...sizes,
        sourceLength,
        length,
        sources,
        labelSmoothing,
      }),
}

function expectedTargets(
  records: readonly SourceTarget[],
  { tokenizer }: PromptReading,
  model: Model,
  { length: maxLength }: TaskSizes,
): Expected[] {
  const { startId } = writerOf(model).config
  return records.map(({ sources, target }) => ({
    prompt: {
      ids: [startId],
      sources: sources.map((source) => encodeInput(tokenizer, source, { maxLength }).ids),
    },
    given: sources.join(' | '),
    text: target,
  }))
}

function writerOf(model: Model): EncoderDecoder {
  if (model instanceof EncoderDecoder) return model
  throw new TypeError(`an ${model.config.kind} does not write from what an encoder has read`)
}
