import type { AnyBatch, Batch } from '../data/batch.ts'
import { unmarkedNotice } from '../data/encode-documents.ts'
import { evenly } from '../data/evenly.ts'
import { evaluationBatches, measuredBytes } from '../data/readers/evaluation-batches.ts'
import { packedDocuments } from '../data/readers/packed-documents.ts'
import { randomWindows } from '../data/readers/random-windows.ts'
import { type BatchReader, batchReader } from '../data/readers/reader.ts'
import { type WholeDocuments, wholeDocuments } from '../data/readers/whole-documents.ts'
import type { Dataset } from '../data/store/dataset.ts'
import { targetBytes } from '../data/target-bytes.ts'
import { allExamples, exampleReader } from '../data/tasks/example-set.ts'
import { UserError } from '../errors.ts'
import type { MeasuredData } from '../evaluate/measure-model.ts'
import { encodePrompt } from '../generate/prompt.ts'
import type { Expected } from '../predict/completions.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { SessionOptions } from './session.ts'

/** A text as the rows that are learned from, and those that are validated on. */
export interface TextExamples<B extends AnyBatch = AnyBatch>
  extends Pick<SessionOptions, 'expected'> {
  reader(rows: number): BatchReader<B>
  validation: (Omit<MeasuredData, 'batches'> & { batches(): Iterable<B> }) | undefined
  /** Tokens of a row. */
  length: number
  /** Tokens of all rows together. */
  trainingTokens: number
  /** What the user should know. */
  notices: readonly string[]
}

export interface TextExamplesOptions {
  /** Tokens of a row at most. */
  length: number
  seed: number
  tokenizer: Tokenizer
}

const ROWS = 8

/** Rows of one stream: of many documents in a row, or of one long text from anywhere. */
export function packedExamples(
  { train, validation, manifest }: Dataset,
  { length, seed, tokenizer }: TextExamplesOptions,
): TextExamples<Batch> {
  if (train.length <= length)
    throw new UserError(
      `the training data has ${train.length} tokens, but a context of ${length} needs more; give ` +
        'more text or a smaller --context',
    )
  const { documents } = train.counts
  const rows = documents > 1 ? packedDocuments(train, { seed }) : randomWindows(train, { seed })
  return {
    length,
    trainingTokens: train.length,
    reader: (count) => batchReader(rows, { rows: count, length }),
    validation: validation && {
      batches: () => evaluationBatches(validation, { rows: ROWS, length }),
      bytes: measuredBytes(validation, { bytes: validation.counts.bytes, tokenizer }),
    },
    notices: unmarkedNotice(manifest.marks, documents),
  }
}

/** Documents whose beginnings are shown, with what follows. */
const SHOWN = 3

/** One document a row. */
export function wholeExamples(
  { train, validation }: Dataset,
  { length: context, seed, tokenizer }: TextExamplesOptions,
): TextExamples {
  const documents = wholeDocuments(train, tokenizer)
  const held = validation && wholeDocuments(validation, tokenizer)
  const length = Math.min(context, Math.max(documents.longest, held?.longest ?? 0))
  const [learned, measured] = [documents.examples(length), held?.examples(length)]
  const batches = (): Iterable<AnyBatch> => (measured ? allExamples(measured, { rows: ROWS }) : [])
  return {
    length,
    trainingTokens: documents.count * length,
    reader: (rows): BatchReader => exampleReader(learned, { rows, seed }),
    validation: held && {
      batches,
      bytes: targetBytes(batches(), tokenizer),
      documents: held.count,
    },
    expected: held && beginnings(held, tokenizer),
    notices: [
      learned.notice ?? [],
      measured?.notice ? `for validation: ${measured.notice}` : [],
    ].flat(),
  }
}

/** The first halves of documents as prompts, and the second halves as what is right. */
function beginnings(documents: WholeDocuments, tokenizer: Tokenizer): Expected[] {
  const numbers = Array.from({ length: documents.count }, (_, i) => i)
  return evenly(numbers, SHOWN).map((i) => {
    const characters = [...tokenizer.decode(documents.tokens(i))]
    const half = Math.ceil(characters.length / 2)
    const given = characters.slice(0, half).join('')
    return {
      given,
      prompt: { ids: encodePrompt({ tokenizer, addBos: true }, given) },
      text: characters.slice(half).join(''),
    }
  })
}
