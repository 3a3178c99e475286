import {
  parseSourceTarget,
  type SourceTarget,
  sourcesEach,
  sourceTargetSet,
} from '../../data/tasks/source-targets.ts'
import { generateFromTokens } from '../../generate/from-tokens.ts'
import { LanguageModel } from '../../generate/language-model.ts'
import { chatOptions } from '../../generate/options.ts'
import { EncoderDecoder } from '../../models/encoder-decoder.ts'
import type { Model } from '../../models/model.ts'
import { sequenceToSequenceObjective } from '../../objectives/sequence-to-sequence.ts'
import { encodeInput } from '../../text/encode-input.ts'
import type { RecordTask } from './task.ts'

/** Records that are written to be measured, and how many of them together. */
const WRITTEN = 1000
const TOGETHER = 32
const GREEDILY = chatOptions.parse({ temperature: 0 })

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
  async measure(trained, all, { length: maxLength }) {
    const records = all.slice(0, WRITTEN)
    const { tokenizer, signal } = trained
    const model = await LanguageModel.create({ ...trained, model: writerOf(trained.model) })
    const { startId } = writerOf(trained.model).config
    const promptOf = ({ sources }: SourceTarget) => ({
      ids: [startId],
      sources: sources.map((source) => encodeInput(tokenizer, source, { maxLength }).ids),
    })
    try {
      let exact = 0
      for (let start = 0; start < records.length; start += TOGETHER) {
        const some = records.slice(start, start + TOGETHER)
        const written = await generateFromTokens(model, some.map(promptOf), {
          ...GREEDILY,
          signal,
        })
        signal?.throwIfAborted()
        exact += some.filter(({ target }, i) => written[i]?.text === target).length
      }
      return { exactMatch: exact / records.length }
    } finally {
      await model.dispose()
    }
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
