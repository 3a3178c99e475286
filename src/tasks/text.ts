import { stat } from 'node:fs/promises'
import { documentMarks, unmarkedNotice } from '../data/encode-documents.ts'
import { evaluationBatches, measuredBytes } from '../data/readers/evaluation-batches.ts'
import { packedDocuments } from '../data/readers/packed-documents.ts'
import { randomWindows } from '../data/readers/random-windows.ts'
import { type BatchReader, batchReader } from '../data/readers/reader.ts'
import type { Corpus } from '../data/sources/corpus.ts'
import { type Dataset, prepareDataset } from '../data/store/dataset.ts'
import { encodeToMemory } from '../data/token-source.ts'
import { UserError } from '../errors.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import {
  type HeadNeeds,
  type MeasuredRows,
  ROWS,
  type Subject,
  type TrainingData,
  type TrainingRows,
  type TrainingSource,
} from './task.ts'

/** Text to train on: tokenized once into files, which are read by position. */
export interface TextPlan {
  /** A share for validation is of whole documents. */
  whole?: boolean
  head?: HeadNeeds
  /** A folder of tokenized data that several runs share; default: one of this run's own. */
  shared?: string | undefined
  rows(dataset: Dataset, subject: Subject, length: number): TrainingRows
}

/** The data of tasks that learn from text. */
export function openText(source: TrainingSource, plan: TextPlan): TrainingData {
  const { corpus, validation, seed, shuffle, folder, resume, report, signal } = source
  const corpora = typeof validation === 'number' ? [corpus] : [corpus, validation]
  let dataset: Dataset | undefined
  return {
    head: plan.head,
    texts: () => textsOf(corpora),
    bytes: () => totalBytes(corpora),
    prepare: async (subject, length) => {
      dataset = await prepareDataset({
        folder: plan.shared ?? folder,
        isShared: plan.shared !== undefined,
        corpus,
        validation,
        seed: shuffle ? seed : undefined,
        whole: plan.whole,
        tokenizer: subject.tokenizer,
        whenChanged: resume ? 'refuse' : 'rebuild',
        report,
        signal,
      })
      return plan.rows(dataset, subject, length)
    },
    close: () => dataset?.close(),
  }
}

type PackedRows = Omit<
  TrainingRows,
  'objective' | 'evaluationObjective' | 'reader' | 'begin' | 'watch'
> & { reader(rows: number): BatchReader }

/** Rows of one stream: of many documents in a random order, or of one long text from anywhere. */
export function packedRows(
  { train, validation, manifest, hash }: Dataset,
  { length, seed, tokenizer }: { length: number; seed: number; tokenizer: Tokenizer },
): PackedRows {
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
    validation:
      validation &&
      (() => ({
        batches: () => evaluationBatches(validation, { rows: ROWS, length }),
        bytes: measuredBytes(validation, { bytes: validation.counts.bytes, tokenizer }),
        measures: ['perplexity'],
      })),
    identity: { length, data: hash },
    notices: unmarkedNotice(manifest.marks, documents),
  }
}

/** Tokenizes a corpus into memory, to be measured. Throws UserError where it holds no text. */
export async function readTokens(corpus: Corpus, tokenizer: Tokenizer) {
  let [bytes, documents] = [0, 0]
  async function* counted() {
    for await (const piece of corpus.documents()) {
      bytes += Buffer.byteLength(piece.text)
      documents += Number(piece.end)
      yield piece
    }
  }
  const tokens = await encodeToMemory(counted(), tokenizer)
  // A tokenizer may leave out spaces, or put marks around a document without text.
  if (bytes === 0 || tokens.length === 0)
    throw new UserError('there is nothing to measure: the data is empty')
  return { tokens, bytes, notices: unmarkedNotice(documentMarks(tokenizer), documents) }
}

/** Every token but the first as a target once, in rows of at most `length` tokens. */
export function measuredText(
  { tokens, bytes }: Awaited<ReturnType<typeof readTokens>>,
  { length: most, tokenizer }: { length: number; tokenizer: Tokenizer },
): MeasuredRows & { length: number } {
  // A text that is shorter than the context is one row, however long the context is.
  const targets = Math.max(1, tokens.length - 1)
  const length = Math.min(most, targets)
  const rows = Math.min(ROWS, Math.ceil(targets / length))
  return {
    length,
    batches: () => evaluationBatches(tokens, { rows, length }),
    bytes: measuredBytes(tokens, { bytes, tokenizer }),
    measures: ['perplexity'],
  }
}

async function* textsOf(corpora: readonly Corpus[]): AsyncGenerator<string> {
  for (const corpus of corpora) for await (const { text } of corpus.documents()) yield text
}

async function totalBytes(corpora: readonly Corpus[]): Promise<number> {
  const files = corpora.flatMap((corpus) => corpus.files)
  const sizes = await Promise.all(files.map(async ({ path }) => (await stat(path)).size))
  return sizes.reduce((total, size) => total + size, 0)
}
