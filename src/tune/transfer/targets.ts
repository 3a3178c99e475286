import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { parseRecord } from '../../data/parse-record.ts'
import { openCorpus } from '../../data/sources/corpus.ts'
import { UserError } from '../../errors.ts'
import { fileError } from '../../files/file-error.ts'
import { hashFile } from '../../files/hashed-files.ts'
import { parseJson } from '../../files/parse-json.ts'
import { TRAINED } from '../../train/options.ts'

const sources = z.union([
  z
    .string()
    .min(1)
    .transform((source) => [source]),
  z.array(z.string().min(1)).min(1),
])

const targetSchema = z.strictObject({
  /** Letters, digits, `.`, `_` and `-`, in any language. */
  name: z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u),
  task: z.enum(TRAINED),
  data: sources.optional(),
  /** As in `train`. */
  val: z.union([z.number().min(0).lt(1), sources]).optional(),
  /** What models are scored on. */
  test: sources,
  /**
   * What the base has learned already: it is not learned, but measured, and rehearsed by `replay`.
   */
  known: z.boolean().default(false),
  /** Options of `train` for this task. */
  options: z.record(z.string(), z.unknown()).default({}),
})

/** A task or a domain. */
export interface Target extends z.output<typeof targetSchema> {
  /** SHA-256 of what is learned from, validation included, and of what is tested on. */
  learnedHash: string
  testHash: string
}

/** Names of sources that are no tasks. */
export const SCRATCH = 'scratch'
export const BASE = 'base'

const FORM =
  '[{"name": "reviews", "task": "classify", "data": "train.jsonl", "test": "test.jsonl"}], also ' +
  'with "val", "options" of train, and "known": true for what the base has learned'

/** Options that transfer sets itself. */
const SET = ['task', 'data', 'val', 'out', 'model', 'resume', 'seed', 'learn', 'freeze', 'engine']

/**
 * Reads tasks and domains from a JSON file, and hashes their data. Throws UserError with the task
 * at fault.
 */
export async function readTargets(
  path: string,
  { out, signal }: { out: string; signal?: AbortSignal | undefined },
): Promise<Target[]> {
  const bytes = await readFile(path).catch((error) => {
    throw fileError(error, `cannot read ${path}`)
  })
  const listed = parseRecord(z.array(targetSchema), parseJson(bytes, path), {
    where: path,
    expected: FORM,
  })
  const names = listed.map(({ name }) => name)
  const refuse = (what: string) => new UserError(`${path}: ${what}`)
  for (const [i, { name, data, known, options, ...target }] of listed.entries()) {
    if (names.indexOf(name) < i) throw refuse(`two tasks are named ${name}; rename one`)
    if (name === SCRATCH || name === BASE)
      throw refuse(`a task is named ${name}, as a row of every matrix is; rename it`)
    if (!data && !known) throw refuse(`the task ${name} has no "data" to learn from`)
    const set = SET.find((option) => option in options)
    if (set) throw refuse(`the task ${name} has the option ${set}, which transfer sets itself`)
    const read = [...(data ?? []), ...(Array.isArray(target.val) ? target.val : []), ...target.test]
    if (read.some((source) => source === '-' || source.startsWith('-#')))
      throw refuse(`the task ${name} reads standard input, which can be read once; give a file`)
  }
  if (listed.every(({ known }) => known))
    throw refuse('there is no task to learn: all of them are "known"')
  const targets: Target[] = []
  for (const target of listed) {
    const { data = [], val, test } = target
    const held = Array.isArray(val) ? val : []
    const hash = (read: readonly string[]) => hashSources(read, { out, signal })
    const learnedHash = `${await hash(data)} ${await hash(held)}`
    targets.push({ ...target, learnedHash, testHash: await hash(test) })
  }
  return targets
}

/** SHA-256 of all files of sources. Throws UserError where there are none. */
async function hashSources(
  read: readonly string[],
  { out, signal }: { out: string; signal?: AbortSignal | undefined },
): Promise<string> {
  if (read.length === 0) return ''
  const corpus = await openCorpus(read, { own: out, ...(signal && { signal }) })
  try {
    const hash = createHash('sha256')
    for (const { path, format, field } of corpus.files) {
      signal?.throwIfAborted()
      hash.update(`${format} ${field} ${await hashFile(path)}\n`)
    }
    return hash.digest('hex')
  } finally {
    await corpus.close()
  }
}
