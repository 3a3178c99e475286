import { z } from 'zod'
import { ENCODING_NAMES, encodingNamed } from './encodings.ts'

/** How the files of a source are read, in every command that reads data. */
export const readingOptions = {
  /** Of the characters; default: UTF-8, or UTF-16 where a byte order mark says so. */
  encoding: z
    .string()
    .refine((name) => encodingNamed(name) !== undefined, {
      error: `expected one of ${ENCODING_NAMES.join(', ')}, or another name of them`,
    })
    .optional(),
  encodingErrors: z.enum(['refuse', 'replace']).default('refuse'),
}

/** What to validate on: a share of the data, or sources of their own. */
export const validationData = z
  .union([
    z.number().min(0).lt(1, { error: 'there is no file of that name, and a share is below 1' }),
    z.array(z.string().min(1)).min(1),
  ])
  .default(0.1)

/** A line that holds this alone ends a document of a plain file; '' lets such lines be text. */
export const documentSeparator = z.string().default('<|endoftext|>')
