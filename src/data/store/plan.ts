import { createHash } from 'node:crypto'
import { UserError } from '../../errors.ts'
import { tokenizerHash } from '../../text/hash.ts'
import type { Tokenizer } from '../../text/tokenizer.ts'
import { type DocumentMarks, documentMarks } from '../encode-documents.ts'
import type { Corpus } from '../sources/corpus.ts'
import { type Fingerprint, fingerprint, type Manifest, sourceDifference } from './manifest.ts'
import { tokenType } from './token-file.ts'

/** What will be tokenized, and how: a manifest without its counts. */
export type Plan = Readonly<Omit<Manifest, 'parts' | 'files' | 'marks'>> & {
  readonly marks: DocumentMarks
}

export interface PlanOptions {
  corpus: Corpus
  /** Learned from besides; nothing of it is held out. */
  added?: Corpus | undefined
  /** For validation: a fraction of the corpus (default 0.1, 0 for none), or a corpus of its own. */
  validation?: number | Corpus
  /** Draws the fraction from all documents, where there are many; without it, the end is taken. */
  seed?: number | undefined
  /** A fraction is always of whole documents: none is divided between training and validation. */
  whole?: boolean
  tokenizer: Tokenizer
  /** Whether documents stand between `documentMarks`; default true. */
  marks?: boolean
}

/**
 * The plan for a corpus as it is now; files that are as in `known` are not read again. Throws
 * UserError when the data for validation is among that to train on.
 */
export async function planDataset(
  { corpus, added, validation = 0.1, seed, whole = false, tokenizer, marks = true }: PlanOptions,
  known?: Plan,
): Promise<Plan> {
  if (typeof validation === 'number' && !(validation >= 0 && validation < 1)) {
    throw new UserError(
      `the validation fraction is ${validation}; give a number from 0 to below 1, or a source`,
    )
  }
  const files = [...corpus.files, ...(added?.files ?? [])]
  const sources = await fingerprints({ files }, known?.sources)
  let forValidation: Plan['validation']
  if (typeof validation === 'number') forValidation = validation
  else {
    const before = Array.isArray(known?.validation) ? known.validation : undefined
    forValidation = await fingerprints(validation, before)
    for (const { name, sha256 } of forValidation) {
      const same = sources.find((source) => source.sha256 === sha256)
      if (same) {
        throw new UserError(
          `${same.name} is among the training data, and ${name}, for validation, is the same; ` +
            'take it out of one',
        )
      }
    }
  }
  return {
    format: 2,
    tokenizer: tokenizerHash(tokenizer),
    vocabSize: tokenizer.vocabSize,
    dtype: tokenType(tokenizer.vocabSize),
    marks: marks ? documentMarks(tokenizer) : { before: [], after: [] },
    reading: corpus.reading,
    sources,
    validation: forValidation,
    seed: typeof validation === 'number' ? (seed ?? null) : null,
    whole,
    added: added?.files.length,
  }
}

const fingerprints = async (
  { files }: Pick<Corpus, 'files'>,
  known: readonly Fingerprint[] = [],
): Promise<Fingerprint[]> => {
  const prints: Fingerprint[] = []
  for (const [i, file] of files.entries()) prints.push(await fingerprint(file, known[i]))
  return prints
}

/** The same for plans between which `planDifference` finds nothing. */
export function planHash({
  tokenizer,
  marks,
  reading,
  sources,
  validation,
  ...rest
}: Plan): string {
  const { seed, whole, added } = rest
  const contents = (files: readonly Fingerprint[]) =>
    files.map(({ format, field, sha256 }) => ({ format, field, sha256 }))
  const held = typeof validation === 'number' ? validation : contents(validation)
  const parts = [
    tokenizer,
    marks,
    reading,
    contents(sources),
    held,
    seed,
    whole,
    ...(added ? [added] : []),
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** What differs between two plans, in words; undefined where nothing does. */
export function planDifference(found: Plan, plan: Plan): string | undefined {
  if (found.tokenizer !== plan.tokenizer) return 'the tokenizer is another'
  if (JSON.stringify(found.marks) !== JSON.stringify(plan.marks))
    return 'documents stand between other special tokens'
  for (const [name, value] of Object.entries(found.reading)) {
    const now = plan.reading[name as keyof Plan['reading']]
    if (now !== value) return `${name} is ${now ?? 'not given'}, and was ${value ?? 'not given'}`
  }
  const { validation: before } = found
  const { validation: now } = plan
  const difference = sourceDifference(found.sources, plan.sources)
  if (difference) return difference
  if (Array.isArray(before) && Array.isArray(now)) return sourceDifference(before, now)
  const isSame = (['seed', 'whole', 'added'] as const).every((name) => found[name] === plan[name])
  return before === now && isSame ? undefined : 'the validation split is another'
}
