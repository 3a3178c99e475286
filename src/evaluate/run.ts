import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { parseRecord } from '../data/parse-record.ts'
import { UserError } from '../errors.ts'
import { fileError, ifThere } from '../files/file-error.ts'
import { makeFolder } from '../files/make-folder.ts'
import { parseJson } from '../files/parse-json.ts'
import { replaceFile } from '../files/write-aside.ts'
import type { Item } from '../metrics/item.ts'
import { MEASURE_NAMES } from '../metrics/measures/index.ts'
import type { Summary } from '../metrics/summarize.ts'

/** What an evaluation found: of a task or a benchmark, in all and for each item. */
export interface EvaluationRun extends Summary {
  /** Of the task or the benchmark. */
  readonly name: string
  readonly model: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly seconds: number
  readonly items: readonly Item[]
}

const RESULTS = 'results.json'
export const ITEMS = 'items.jsonl'

const estimate = z.object({
  value: z.number(),
  low: z.number().optional(),
  high: z.number().optional(),
})

const resultsSchema = z.object({
  name: z.string(),
  model: z.string(),
  settings: z.record(z.string(), z.unknown()),
  seconds: z.number(),
  measures: z.array(z.enum(MEASURE_NAMES)),
  metrics: z.record(z.string(), estimate),
  classes: z
    .array(
      z.object({
        label: z.string(),
        count: z.number(),
        precision: estimate.optional(),
        recall: estimate.optional(),
        f1: estimate,
      }),
    )
    .optional(),
  confusion: z
    .object({
      labels: z.array(z.string()),
      counts: z.array(z.array(z.number())),
    })
    .optional(),
  calibration: z
    .array(
      z.object({
        count: z.number(),
        confidence: z.number(),
        accuracy: z.number(),
      }),
    )
    .optional(),
})

const areNumbers = (value: unknown): boolean =>
  z.array(z.number()).safeParse(Object.values(value ?? [''])).success

const answer = z.union([z.string(), z.array(z.string())]).optional()
const itemSchema = z.object({
  id: z.string(),
  input: z.string().optional(),
  hash: z.string().optional(),
  expected: answer,
  predicted: answer,
  scores: z.record(z.string(), z.number()),
  // Of any label: a record of zod's would lose one that is called __proto__.
  probabilities: z.custom<Record<string, number>>(areNumbers, 'expected numbers').optional(),
})

/** Whether a folder holds a finished evaluation. */
export async function isEvaluated(folder: string): Promise<boolean> {
  const path = join(folder, RESULTS)
  return (await ifThere(stat(path), `cannot read ${path}`)) !== undefined
}

/** Throws UserError where a folder holds an evaluation, which another does not replace. */
export async function refuseEvaluated(folder: string): Promise<void> {
  if (!(await isEvaluated(folder))) return
  throw new UserError(`${folder} holds an evaluation: choose another --out, or move it away`)
}

/**
 * Writes an evaluation into a folder: `items.jsonl`, an item a line, and `results.json`, all else.
 * The latter comes last, so that a folder that has it is complete. Throws UserError.
 */
export async function writeRun(folder: string, { items, ...results }: EvaluationRun) {
  await makeFolder(folder)
  const lines = items.map((item) => `${JSON.stringify(item)}\n`)
  await replaceFile(join(folder, ITEMS), lines.join(''))
  await replaceFile(join(folder, RESULTS), `${JSON.stringify(results, undefined, 2)}\n`)
}

/** Reads what `writeRun` wrote. Throws UserError with the file and the line at fault. */
export async function readRun(folder: string): Promise<EvaluationRun> {
  const read = async (name: string) => {
    const path = join(folder, name)
    const bytes = await readFile(path).catch((error) => {
      throw fileError(error, `cannot read ${path}`)
    })
    return { path, bytes }
  }
  const { path, bytes } = await read(RESULTS)
  const expected = 'the results of an evaluation, as `eval --out DIR` writes them'
  const results = parseRecord(resultsSchema, parseJson(bytes, path), { where: path, expected })
  const listed = await read(ITEMS)
  const lines = listed.bytes.toString().split('\n')
  const items = lines.flatMap((line, i) => {
    if (line === '') return []
    const where = `${listed.path}:${i + 1}`
    const form = '{"id": "...", "scores": {"correct": 1}}'
    return parseRecord(itemSchema, parseJson(line, where), { where, expected: form })
  })
  return { ...results, items }
}
