import { UserError } from '../../errors.ts'
import { tokenizerHash } from '../../text/hash.ts'
import { documentStart, type Tokenizer } from '../../text/tokenizer.ts'
import type { Corpus } from '../sources/corpus.ts'
import { type Fingerprint, fingerprint, type Manifest, sourceDifference } from './manifest.ts'
import { tokenType } from './token-file.ts'

/** What is to be tokenized and how, before it is: a manifest without its counts. */
export type Plan = Omit<Manifest, 'parts'>

export interface PlanOptions {
  corpus: Corpus
  /** For validation: the last fraction of the characters (default 0.1, 0 for none), or a corpus. */
  validation?: number | Corpus
  tokenizer: Tokenizer
  /** Whether each document begins with BOS, or else the token that ends texts; default true. */
  bos?: boolean
}

/**
 * The plan for a corpus as it is now; files that are as in `known` are not read again. Throws
 * UserError when the data for validation is among that to train on.
 */
export async function planDataset(
  { corpus, validation = 0.1, tokenizer, bos = true }: PlanOptions,
  known?: Plan,
): Promise<Plan> {
  if (typeof validation === 'number' && !(validation >= 0 && validation < 1)) {
    throw new UserError(
      `the validation fraction is ${validation}; give a number from 0 to below 1, or a source`,
    )
  }
  const sources = await fingerprints(corpus, known?.sources)
  let forValidation: Plan['validation']
  if (typeof validation === 'number') forValidation = validation
  else {
    const before = Array.isArray(known?.validation) ? known.validation : undefined
    forValidation = await fingerprints(validation, before)
    for (const { name, sha256 } of forValidation) {
      const same = sources.find((source) => source.sha256 === sha256)
      if (same) {
        throw new UserError(
          `${same.name} is among the training data, and ${name}, for validation, is the same; take it out of one`,
        )
      }
    }
  }
  return {
    format: 1,
    tokenizer: tokenizerHash(tokenizer),
    vocabSize: tokenizer.vocabSize,
    dtype: tokenType(tokenizer.vocabSize),
    bos: (bos ? documentStart(tokenizer) : undefined) ?? null,
    encodingErrors: corpus.encodingErrors,
    sources,
    validation: forValidation,
  }
}

const fingerprints = async (
  { files }: Corpus,
  known: readonly Fingerprint[] = [],
): Promise<Fingerprint[]> => {
  const prints: Fingerprint[] = []
  for (const [i, file] of files.entries()) prints.push(await fingerprint(file, known[i]))
  return prints
}

/** What differs between two plans, in words; undefined where nothing does. */
export function planDifference(found: Plan, plan: Plan): string | undefined {
  if (found.tokenizer !== plan.tokenizer) return 'the tokenizer is another'
  if (found.bos !== plan.bos) return 'documents began with BOS in only one of the two'
  if (found.encodingErrors !== plan.encodingErrors) return 'encoding errors are treated otherwise'
  const { validation: before } = found
  const { validation: now } = plan
  const difference = sourceDifference(found.sources, plan.sources)
  if (difference) return difference
  if (Array.isArray(before) && Array.isArray(now)) return sourceDifference(before, now)
  return before === now ? undefined : 'the validation split is another'
}
