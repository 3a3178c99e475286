import type { z } from 'zod'
import { recordParser } from '../../data/parse-record.ts'
import { jsonArray, jsonLines } from '../../data/sources/json-records.ts'
import type { BenchmarkFile } from './benchmark.ts'

/**
 * The records of a JSONL file, or of a JSON list, with their numbers. Throws UserError with the
 * line at fault.
 */
export async function* jsonRecords<T extends object>(
  { name, text }: Pick<BenchmarkFile, 'name' | 'text'>,
  schema: z.ZodType<T>,
  expected: string,
): AsyncGenerator<T & { number: number; where: string }> {
  const parse = recordParser(schema, expected)
  const read = /^\s*\[/.test(text) ? jsonArray : jsonLines
  let number = 0
  for await (const { value, where } of read([text], name))
    yield { ...parse(value, where), number: number++ }
}
