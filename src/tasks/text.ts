import { stat } from 'node:fs/promises'
import { augmentedRows } from '../data/augment/augmented-rows.ts'
import type { Augmenter } from '../data/augment/augmenter.ts'
import type { Examples } from '../data/batch.ts'
import { type DocumentMarks, documentMarks, unmarkedNotice } from '../data/encode-documents.ts'
import { joinSets } from '../data/join-sets.ts'
import { evaluationBatches, measuredBytes } from '../data/readers/evaluation-batches.ts'
import { fixedWindows } from '../data/readers/fixed-windows.ts'
import { mixture, shareNotices } from '../data/readers/mixture.ts'
import { packedDocuments } from '../data/readers/packed-documents.ts'
import { randomWindows } from '../data/readers/random-windows.ts'
import { type BatchReader, batchReader } from '../data/readers/reader.ts'
import type { Corpus } from '../data/sources/corpus.ts'
import { type Dataset, prepareDataset } from '../data/store/dataset.ts'
import { planDataset } from '../data/store/plan.ts'
import type { TokenFile } from '../data/store/token-file.ts'
import { encodeToMemory } from '../data/token-source.ts'
import { UserError } from '../errors.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import {
  type HeadNeeds,
  type MeasuredRows,
  ROWS,
  type SourcePart,
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
  rows(data: TextData, subject: Subject, length: number): TrainingRows
}

/** Tokenized text, in parts that are mixed by weight. */
export interface TextData {
  readonly parts: readonly { name: string; weight: number; train: TokenFile }[]
  /** What is held out of each part, or a source of its own; none where nothing is. */
  readonly validation: readonly TokenFile[]
  readonly marks: DocumentMarks
  /** What a resumed run must share. */
  readonly hash: string | readonly string[]
}

/** Rows of text, for whatever is minimized on them. */
export type TextRows = Omit<TrainingRows, 'objective' | 'evaluationObjective' | 'objectiveOf'>

/** The data of tasks that learn from text. */
export function openText(source: TrainingSource, plan: TextPlan): TrainingData {
  const { parts, validation } = source
  const learned = parts.map(({ corpus }) => corpus)
  const corpora = typeof validation === 'number' ? learned : [...learned, validation]
  const datasets: Dataset[] = []
  return {
    head: plan.head,
    texts: () => textsOf(corpora),
    bytes: () => totalBytes(corpora),
    prepare: async (subject, length) => {
      for await (const dataset of prepared(source, plan, subject.tokenizer)) datasets.push(dataset)
      return plan.rows(textData(parts, datasets), subject, length)
    },
    close: () => {
      for (const dataset of datasets) dataset.close()
    },
  }
}

/** A dataset for each part; of several parts, a source for validation has one, too. */
async function* prepared(
  { parts, validation, seed, shuffle, folder, resume, report, signal }: TrainingSource,
  { shared, whole }: TextPlan,
  tokenizer: Tokenizer,
): AsyncGenerator<Dataset> {
  const isMixed = parts.length > 1
  const options = { seed: shuffle ? seed : undefined, whole, tokenizer }
  const made = {
    ...options,
    folder: shared ?? folder,
    isShared: isMixed || shared !== undefined,
    whenChanged: resume ? ('refuse' as const) : ('rebuild' as const),
    report,
    signal,
  }
  const isOwn = isMixed && typeof validation !== 'number'
  // Refuses text that is in both, before any is tokenized.
  if (isOwn) for (const { corpus } of parts) await planDataset({ ...options, corpus, validation })
  for (const { corpus, added } of parts)
    yield await prepareDataset({ ...made, corpus, added, validation: isOwn ? 0 : validation })
  if (isOwn) yield await prepareDataset({ ...made, corpus: validation, validation: 0 })
}

function textData(parts: readonly SourcePart[], datasets: readonly Dataset[]): TextData {
  const [first, ...others] = datasets as [Dataset, ...Dataset[]]
  return {
    parts: parts.map(({ name, weight }, i) => ({
      name,
      weight,
      train: (datasets[i] as Dataset).train,
    })),
    validation: [
      ...datasets.slice(0, parts.length).flatMap(({ validation }) => validation ?? []),
      ...datasets.slice(parts.length).map(({ train }) => train),
    ],
    marks: first.manifest.marks,
    hash: others.length === 0 ? first.hash : datasets.map(({ hash }) => hash),
  }
}

type PackedRows = Omit<TextRows, 'reader' | 'begin' | 'watch'> & {
  reader(rows: number): BatchReader
}

export interface PackedRowsOptions {
  length: number
  seed: number
  augmenter?: Augmenter | undefined
  tokenizer: Tokenizer
}

/** Rows of one stream: of many documents in a random order, or of one long text from anywhere. */
export function packedRows(
  { parts, validation, marks, hash }: TextData,
  { length, seed, augmenter, tokenizer }: PackedRowsOptions,
): PackedRows {
  const readers = parts.map(({ name, weight, train }, i) => {
    if (train.length <= length)
      throw new UserError(
        `${parts.length > 1 ? name : 'the training data'} has ${train.length} tokens, but a ` +
          `context of ${length} needs more; give more text or a smaller --context`,
      )
    const read = train.counts.documents > 1 ? packedDocuments : randomWindows
    return { reader: read(train, { seed: seed + i }), weight }
  })
  const [only] = readers
  const rows =
    only && readers.length === 1 ? only.reader : mixture(readers, { seed: seed + parts.length })
  const documents = total(parts.map(({ train }) => train.counts.documents))
  const sizes = parts.map(({ train, ...part }) => ({ ...part, count: train.length }))
  return {
    length,
    trainingTokens: total(sizes.map(({ count }) => count)),
    reader: (count) => {
      const batches = batchReader(rows, { rows: count, length })
      return augmenter ? augmentedRows(batches, augmenter, tokenizer) : batches
    },
    windows: augmenter
      ? undefined
      : joinSets(
          parts.map(({ train, ...part }) => ({ ...part, set: fixedWindows(train, length) })),
        ),
    validation:
      validation.length === 0
        ? undefined
        : () => ({
            batches: () => batchesOf(validation, length),
            bytes: total(
              validation.map((text) =>
                measuredBytes(text, { bytes: text.counts.bytes, tokenizer }),
              ),
            ),
            measures: ['perplexity'],
          }),
    identity: { length, data: hash },
    notices: [...shareNotices(sizes, 'tokens'), ...unmarkedNotice(marks, documents)],
  }
}

function* batchesOf(texts: readonly TokenFile[], length: number): Generator<Examples> {
  for (const text of texts) yield* evaluationBatches(text, { rows: ROWS, length })
}

export const total = (values: readonly number[]): number =>
  values.reduce((sum, one) => sum + one, 0)

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
  return total(await Promise.all(files.map(async ({ path }) => (await stat(path)).size)))
}
