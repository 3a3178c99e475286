import { documentMarks, unmarkedNotice } from '../data/encode-documents.ts'
import { evaluationBatches, measuredBytes } from '../data/readers/evaluation-batches.ts'
import { wholeDocuments } from '../data/readers/whole-documents.ts'
import type { Corpus } from '../data/sources/corpus.ts'
import { parsedRecords } from '../data/sources/faults.ts'
import { targetBytes } from '../data/target-bytes.ts'
import { type Completion, completionSet, parseCompletion } from '../data/tasks/completions.ts'
import { allExamples, type ExampleSet } from '../data/tasks/example-set.ts'
import { longestOf } from '../data/tasks/sequences.ts'
import { encodeToMemory } from '../data/token-source.ts'
import { UserError } from '../errors.ts'
import type { OpenModel } from '../formats/open-model.ts'
import type { DecoderConfig } from '../models/decoder-config.ts'
import { encodeCompletions, writtenNotice } from '../predict/completions.ts'
import type { MeasuredData } from './measure-model.ts'

/** What is measured, in rows of `length` tokens. */
export interface Rows {
  length: number
  data: MeasuredData
  /** What is to be written, of the task `completion`. */
  records?: readonly Completion[]
  /** What the user should know. */
  notices: readonly string[]
}

type Folder = Pick<OpenModel<DecoderConfig>, 'config' | 'tokenizer' | 'addBos'>

const ROWS = 8

/** Reads a corpus as a task measures it. Throws UserError where nothing is left to measure. */
export async function readRows(
  corpus: Corpus,
  folder: Folder,
  { task, documents }: { task: 'lm' | 'completion'; documents: 'packed' | 'whole' },
): Promise<Rows> {
  if (task === 'completion') return readCompletions(corpus, folder)
  const { tokenizer, config } = folder
  let [bytes, count] = [0, 0]
  async function* counted() {
    for await (const piece of corpus.documents()) {
      bytes += Buffer.byteLength(piece.text)
      count += Number(piece.end)
      yield piece
    }
  }
  const tokens = await encodeToMemory(counted(), tokenizer)
  if (documents === 'whole') {
    const whole = wholeDocuments(tokens, tokenizer)
    const length = Math.min(config.context, whole.longest)
    const { data, notices } = rowsOf(whole.examples(length), folder)
    return { length, data: { ...data, documents: whole.count }, notices }
  }
  // A text that is shorter than the context is one window, however long the context is.
  const targets = Math.max(1, tokens.length - 1)
  const length = Math.min(config.context, targets)
  const rows = Math.min(ROWS, Math.ceil(targets / length))
  return {
    length,
    data: {
      batches: () => evaluationBatches(tokens, { rows, length }),
      bytes: measuredBytes(tokens, { bytes, tokenizer }),
    },
    notices: unmarkedNotice(documentMarks(tokenizer), count),
  }
}

async function readCompletions(corpus: Corpus, folder: Folder): Promise<Rows> {
  const records: Completion[] = []
  for await (const record of parsedRecords(corpus, parseCompletion)) records.push(record)
  const encoded = encodeCompletions(records, folder)
  const length = Math.min(folder.config.context, longestOf(encoded))
  const { tokenizer } = folder
  const { data, notices } = rowsOf(completionSet(encoded, { tokenizer, length }), folder)
  return {
    length,
    records,
    data,
    notices: [...notices, ...writtenNotice(records.length)],
  }
}

function rowsOf(set: ExampleSet, { tokenizer }: Folder): Pick<Rows, 'data' | 'notices'> {
  const notices = [set.notice ?? []].flat()
  if (set.count === 0)
    throw new UserError(`there is nothing to measure: ${notices[0] ?? 'the data is empty'}`)
  const batches = () => allExamples(set, { rows: ROWS })
  return { data: { batches, bytes: targetBytes(batches(), tokenizer) }, notices }
}
