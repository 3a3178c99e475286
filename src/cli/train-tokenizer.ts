import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Corpus, openCorpus } from '../data/sources/corpus.ts'
import { describeDataEvent } from '../data/sources/describe-event.ts'
import { fileError } from '../models/files/node-file.ts'
import { parseOptions } from '../options.ts'
import { trainBpeOnThreads } from '../text/bpe/train-on-threads.ts'
import { trainCharTokenizer } from '../text/char.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

export const trainTokenizerOptions = z.strictObject({
  /** Files, folders, globs, `-`, `npm:<package>[/path]`. */
  data: z.array(z.string().min(1)).min(1),
  /** Folder of the result. */
  out: z.string().min(1),
  kind: z.enum(['bpe', 'char']).default('bpe'),
  /** Ids of a BPE vocabulary: special tokens, the 256 bytes, and one for each merge. */
  vocab: z.number().int().min(1).default(4096),
  /** How text is cut into words, which no token of BPE crosses. */
  split: z.enum(['gpt2', 'cl100k', 'chinese']).default('cl100k'),
  threads: z.number().int().min(1).optional(),
  encodingErrors: z.enum(['refuse', 'replace']).default('refuse'),
})

export type TrainTokenizerOptions = z.input<typeof trainTokenizerOptions>

/** Trains a tokenizer on text and saves it as `OUT/tokenizer.json`. Throws UserError. */
export async function trainTokenizer(
  options: TrainTokenizerOptions,
  { onMessage }: { onMessage?(text: string): void } = {},
): Promise<Tokenizer> {
  const parsed = parseOptions(trainTokenizerOptions, options)
  const { data, out, kind, vocab: vocabSize, split, threads, encodingErrors } = parsed
  const corpus = await openCorpus(data, {
    encodingErrors,
    report: (event) => {
      const line = describeDataEvent(event)
      if (line) onMessage?.(line)
    },
  })
  try {
    const tokenizer =
      kind === 'char'
        ? await trainCharTokenizer(texts(corpus))
        : await trainBpeOnThreads(texts(corpus), { vocabSize, split, threads })
    await save(out, `${JSON.stringify(tokenizer.toJSON(), null, 2)}\n`)
    return tokenizer
  } finally {
    await corpus.close()
  }
}

async function* texts(corpus: Corpus): AsyncGenerator<string> {
  for await (const { text } of corpus.documents()) yield text
}

async function save(folder: string, json: string): Promise<void> {
  const path = join(folder, 'tokenizer.json')
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(path, json)
  } catch (error) {
    throw fileError(error, `cannot write ${path}`)
  }
}
