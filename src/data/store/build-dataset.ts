import { readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UserError } from '../../errors.ts'
import { fileError } from '../../files/file-error.ts'
import { type Files, writeFolder } from '../../files/folder.ts'
import { hashedFiles } from '../../files/hashed-files.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { encodeDocuments } from '../encode-documents.ts'
import type { Report } from '../sources/data-event.ts'
import { drawDocuments, splitDocuments, splitPoint } from '../split.ts'
import { measureText, type TextPiece } from '../text-pieces.ts'
import { MANIFEST } from './manifest.ts'
import { type Plan, type PlanOptions, planDataset, planDifference } from './plan.ts'
import { partFiles, tokenFileContent } from './token-file.ts'

const TRAIN = partFiles('train')
const VALIDATION = partFiles('validation')

/**
 * Tokenizes a corpus as planned into `folder`, which is written aside and renamed: under its name
 * it is always whole. Throws UserError when the data is not text, is too little, changes while it
 * is read, or does not fit on the disk.
 */
export async function buildDataset(
  folder: string,
  options: PlanOptions,
  plan: Plan,
  report: Report = () => {},
): Promise<void> {
  const { tokenizer, marks } = options
  const [train, held] = await splitCorpus(options, report)
  let characters = 0
  async function* learned(): AsyncGenerator<TextPiece> {
    yield* train
    if (options.added) yield* options.added.documents()
  }
  const contentOf = (documents: AsyncIterable<TextPiece>) =>
    tokenFileContent(encodeDocuments(documents, tokenizer, { marks }), plan.dtype, (count) => {
      characters += count
      report({ kind: 'progress', stage: 'tokenize', characters })
    })
  const trainContent = contentOf(learned())
  const heldContent = held && contentOf(held)

  /** Runs when all tokens are written and the counts are known. */
  async function* manifest(): AsyncGenerator<Uint8Array> {
    const now = await planDataset(options, plan)
    const change = planDifference(plan, now)
    if (change) throw new UserError(`the data changed while it was read: ${change}; run again`)
    const parts = { train: trainContent.counts, validation: heldContent?.counts }
    for (const [name, counts] of Object.entries(parts)) {
      if (counts?.tokens !== 0) continue
      const count = trainContent.counts.documents + (heldContent?.counts.documents ?? 0)
      const documents = count === 1 ? 'one document' : `${count} documents`
      throw new UserError(
        `no text is left for ${name}: the data is ${documents}; give more, each as a record of ` +
          'JSON lines, or one after each line of a --document-separator',
      )
    }
    const made = { ...plan, parts, files: written }
    yield new TextEncoder().encode(`${JSON.stringify(made, null, 2)}\n`)
  }

  const { files, written } = hashedFiles({
    [TRAIN.tokens]: trainContent.tokens,
    [TRAIN.documents]: trainContent.documents,
    ...(heldContent && {
      [VALIDATION.tokens]: heldContent.tokens,
      [VALIDATION.documents]: heldContent.documents,
    }),
  })
  await replaceFolder(folder, { ...files, [MANIFEST]: manifest() })
}

/** Writes a dataset's folder aside and renames it. One with other files in it is left as it is. */
async function replaceFolder(folder: string, files: Files): Promise<void> {
  const [aside, old] = ['.tmp', '.old'].map((prefix) =>
    join(dirname(folder), `${prefix}-${basename(folder)}`),
  ) as [string, string]
  const ours = [...Object.values(TRAIN), ...Object.values(VALIDATION), MANIFEST]
  /** What a run with several parts leaves, which is in the way no more than an old dataset. */
  const isOfParts = (name: string) => /^(\.tmp-|\.old-|\.)?[0-9a-f]{16}(\.lock)?$/.test(name)
  try {
    const present = await readdir(folder).catch((error) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    const foreign = present?.find((name) => !ours.includes(name) && !isOfParts(name))
    if (foreign !== undefined) {
      throw new UserError(
        `${folder} holds ${foreign}, which is not tokenized data; name a folder for that data ` +
          'alone',
      )
    }
    await makeFolder(dirname(folder))
    for (const leftover of [aside, old]) await rm(leftover, { recursive: true, force: true })
    await writeFolder(aside, files)
    if (present) await rename(folder, old)
    await rename(aside, folder)
    await rm(old, { recursive: true, force: true })
  } catch (error) {
    throw fileError(error, `cannot keep tokenized data in ${folder}`)
  }
}

/** The fewest documents that are drawn: with fewer, chance would decide too much. */
const DRAWN = 10

/**
 * The documents to train on and, if any, those for validation: to be read in this order. One long
 * text is cut before its end; of many documents whole ones are drawn, so that validation is of all
 * that the data holds even where it is sorted.
 */
async function splitCorpus(
  { corpus, validation = 0.1, seed, whole }: PlanOptions,
  report: Report,
): Promise<[AsyncIterable<TextPiece>, AsyncIterable<TextPiece>?]> {
  if (typeof validation !== 'number') return [corpus.documents(), validation.documents()]
  if (validation === 0) return [corpus.documents()]
  let [characters, count] = [0, 0]
  for await (const { text, end } of corpus.documents()) {
    characters += measureText(text).characters
    count += Number(end)
    report({ kind: 'progress', stage: 'count', characters })
  }
  const share = count - Math.ceil(count * (1 - validation))
  const held = whole && count > 1 ? Math.max(1, share) : share
  if (whole || (seed !== undefined && held >= DRAWN))
    return drawDocuments(() => corpus.documents(), { count, held, seed })
  return splitDocuments(corpus.documents(), splitPoint(characters, validation))
}
