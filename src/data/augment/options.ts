import { z } from 'zod'
import { resumedAs } from '../../options.ts'
import { OPERATION_NAMES, type OperationName } from './operations.ts'

const share = z.number().gt(0).max(1).optional()

/** How the command line takes them. */
const FORM = { pairs: 'an operation and a share, such as swap=0.1' }

/** The share that each operation changes, by its name. */
export const shares = z
  .strictObject(
    Object.fromEntries(OPERATION_NAMES.map((name) => [name, share])) as Record<
      OperationName,
      typeof share
    >,
  )
  .refine((given) => Object.values(given).some((one) => one !== undefined), {
    error: `expected one or more of ${OPERATION_NAMES.join(', ')}`,
    when: ({ issues }) => issues.length === 0,
  })
  .meta(FORM)

/** Where synonyms come from: WordNet, or a dictionary file. */
export const synonyms = z.string().min(1)

/** Options of every training. */
export const augmentOptions = {
  ...resumedAs('fixed', {
    /** Operations that vary the texts of the training data, each time otherwise. */
    augment: shares.optional().meta(FORM),
  }),
  // A hash of the dictionary is compared.
  ...resumedAs('derived', {
    /** `wordnet` (default), or a JSON or TSV file. */
    synonyms: synonyms.optional(),
  }),
}
