import { z } from 'zod'
import { IGNORE } from '../data/batch.ts'
import { cutNotice, type ExampleSet, longestOf, maskOf, padded } from '../data/example-set.ts'
import { encodeRecord, recordParser } from '../data/parse-record.ts'
import { parsedRecords } from '../data/sources/faults.ts'
import { UserError } from '../errors.ts'
import { EncoderDecoder } from '../models/encoder-decoder.ts'
import type { Model } from '../models/model.ts'
import { sequenceToSequenceObjective } from '../objectives/sequence-to-sequence.ts'
import { resumedAs } from '../options.ts'
import { type Expected, writeItems } from '../predict/completions.ts'
import { encodeInput } from '../text/encode-input.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
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
  varied: (record, { text }) => ({ ...record, sources: record.sources.map(text) }),
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
  measures: ['loss', 'answers'],
  score: (trained, records, sizes) =>
    asWriter(trained, (model) =>
      writeItems(model, expectedTargets(records, trained, sizes), trained),
    ),
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
  throw new TypeError(`the ${model.config.kind} does not write from what an encoder has read`)
}

/** Texts to read, one or several, and the text to write. */
export const parseSourceTarget = recordParser(
  z.union([
    z
      .object({ source: z.string(), target: z.string() })
      .transform(({ source, target }) => ({ sources: [source], target })),
    z.object({ sources: z.array(z.string()).min(1), target: z.string() }),
  ]),
  '{"source": "...", "target": "..."}, or several texts to read as "sources": ["..."]',
)
export type SourceTarget = ReturnType<typeof parseSourceTarget>

export interface SourceTargetOptions {
  tokenizer: Tokenizer
  /** Tokens of each source, and of the text that is written, its end among them. */
  sourceLength: number
  length: number
  /** The token that a text begins with. */
  startId: number
}

/** Sources of each example: as many for all. Throws UserError where they differ. */
export function sourcesEach(all: readonly SourceTarget[]): number {
  const [first] = all
  const count = first?.sources.length ?? 1
  const other = all.find(({ sources }) => sources.length !== count)
  if (!other) return count
  throw new UserError(
    `${other.where}: ${other.sources.length} sources, but ${first?.where} has ${count}; give ` +
      'each as many',
  )
}

export function sourceTargetSet(
  all: readonly SourceTarget[],
  { tokenizer, sourceLength, length, startId }: SourceTargetOptions,
): ExampleSet {
  const { eosId, padId = 0 } = tokenizer
  if (eosId === undefined) throw new UserError('the tokenizer has no token for the end of a text')
  let cut = 0
  const encode = ({ sources, target }: SourceTarget) => {
    const whole = sources.map((source) => encodeInput(tokenizer, source).ids)
    const read = whole.map((ids, i) =>
      ids.length <= sourceLength
        ? ids
        : encodeInput(tokenizer, sources[i] as string, { maxLength: sourceLength }).ids,
    )
    const written = [...tokenizer.encode(target), eosId]
    if (written.length > length || whole.some((ids) => ids.length > sourceLength)) cut++
    const targets = written.slice(0, length)
    return { read, targets, ids: [startId, ...targets.slice(0, -1)] }
  }
  const encoded = all.map((one) => encodeRecord(one.where, () => encode(one)))
  return {
    count: all.length,
    longest: longestOf(
      encoded.flatMap(({ read, targets }) => [...read, targets]),
      Math.max(sourceLength, length),
    ),
    notices: cutNotice(cut, all.length, Math.max(sourceLength, length)),
    collate: (indices) => {
      const chosen = indices.map((i) => encoded[i] as (typeof encoded)[number])
      const read = chosen.flatMap((one) => one.read)
      const arrays = {
        source: padded(read, sourceLength, padId),
        mask: maskOf(read, sourceLength),
        ids: padded(
          chosen.map(({ ids }) => ids),
          length,
          padId,
        ),
        targets: padded(
          chosen.map(({ targets }) => targets),
          length,
          IGNORE,
        ),
      }
      const count = chosen.reduce((sum, { targets }) => sum + targets.length, 0)
      return { rows: indices.length, length: sourceLength + length, arrays, count }
    },
  }
}
