import { z } from 'zod'
import { openAugmenter } from '../data/augment/open-augmenter.ts'
import { shares, synonyms } from '../data/augment/options.ts'
import { recordJson } from '../data/records-hash.ts'
import { openCorpus } from '../data/sources/corpus.ts'
import { printDataEvents } from '../data/sources/data-event.ts'
import { documentSeparator, readingOptions } from '../data/sources/reading-options.ts'
import { UserError } from '../errors.ts'
import { writeFileAside } from '../files/write-aside.ts'
import { parseOptions } from '../options.ts'
import { refuseOthers, TASK_NAMES, taskOf } from './index.ts'
import { fieldOptions } from './labeled-texts.ts'
import type { TaskRecords } from './task.ts'

export const augmentDataOptions = z.strictObject({
  /** Files, folders, globs, `-`, `npm:<package>[/path]`. */
  data: z.array(z.string().min(1)).min(1),
  /** File of the result: a JSON record a line. */
  out: z.string().min(1),
  /** Operations, of which each copy undergoes one. */
  augment: shares,
  synonyms: synonyms.optional(),
  /** Varied copies of each record, which follow the record itself. */
  copies: z.number().int().min(1).default(4),
  /** The task that the records are for; `lm` and `mlm`: text. */
  task: z.enum(TASK_NAMES).default('lm'),
  seed: z.number().int().min(0).default(1),
  ...readingOptions,
  ...fieldOptions,
  documentSeparator,
})

export type AugmentDataOptions = z.input<typeof augmentDataOptions>

export interface AugmentDataResult {
  out: string
  /** That were read. */
  records: number
  /** That were added. */
  copies: number
  /** Copies left out because the operation found nothing to change. */
  unchanged: number
}

/**
 * Writes each record of the data, then varied copies of it, as EDA does (Wei & Zou 2019: 16 copies
 * of each of 500 records, 8 of 2,000, 4 of more). Labels, tags and answers stay as they are. Throws
 * UserError where `out` exists or is no .jsonl file, and with the line at fault.
 *
 * @example
 * await augmentData({
 *   data: ['reviews.jsonl'],
 *   task: 'classify',
 *   augment: { deletion: 0.1, swap: 0.1 },
 *   out: 'more-reviews.jsonl',
 * })
 */
export async function augmentData(
  options: AugmentDataOptions,
  { onMessage, signal }: { onMessage?(text: string): void; signal?: AbortSignal } = {},
): Promise<AugmentDataResult> {
  const parsed = parseOptions(augmentDataOptions, options)
  const { data, out, augment, copies, task } = parsed
  refuseOthers(options, task, TASK_NAMES)
  if (!/\.(jsonl|ndjson)$/i.test(out))
    throw new UserError(
      `--out is ${out}, and what is written is a JSON record a line, which is read by the name ` +
        'of its file; give a name that ends in .jsonl',
    )
  if (parsed.synonyms && augment.replacement === undefined && augment.insertion === undefined)
    throw new UserError('synonyms changes nothing without replacement or insertion; leave it out')
  const report = printDataEvents(onMessage)
  const augmenter = await openAugmenter(parsed, report)
  const { read, texts, varied } = taskOf(task).records ?? textRecords
  const corpus = await openCorpus(data, { ...parsed, report, signal })
  const result = { out, records: 0, copies: 0, unchanged: 0 }
  async function* allTexts() {
    for await (const record of read(corpus, () => {}, parsed)) yield* texts(record)
  }
  async function* lines() {
    let draw = 0
    for await (const record of read(corpus, report, parsed)) {
      const original = recordJson(record)
      yield original
      result.records++
      for (let copy = 0; copy < copies; copy++) {
        const line = recordJson(varied(record, augmenter.always(draw++)))
        if (line === original) result.unchanged++
        else {
          yield line
          result.copies++
        }
      }
    }
    if (result.records === 0) throw new UserError('there is nothing to vary: the data is empty')
  }
  try {
    await augmenter.expectSynonyms(allTexts())
    await writeFileAside(out, encoded(lines()))
  } finally {
    await corpus.close()
  }
  return result
}

/** Documents as records. */
const textRecords: TaskRecords<{ text: string }> = {
  async *read({ documents }) {
    let whole = ''
    for await (const { text, end } of documents()) {
      whole += text
      if (!end) continue
      yield { text: whole }
      whole = ''
    }
  },
  texts: ({ text }) => [text],
  varied: ({ text }, variation) => ({ text: variation.text(text) }),
}

async function* encoded(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const line of lines) yield encoder.encode(`${line}\n`)
}
