import { z } from 'zod'
import { UserError } from '../errors.ts'
import { expectEmpty, writeFolderAside } from '../files/write-aside.ts'
import { json } from '../formats/huggingface/model-files.ts'
import { flagOf, parseOptions } from '../options.ts'
import { trainBpeOnThreads } from '../text/bpe/train-on-threads.ts'
import { trainCharTokenizer } from '../text/char.ts'
import { tokenizerConfigOf } from '../text/token-roles.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { type Corpus, openCorpus } from './sources/corpus.ts'
import { printDataEvents } from './sources/data-event.ts'
import { documentSeparator, readingOptions } from './sources/reading-options.ts'

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
  /** What model it is for, which decides about special tokens. */
  for: z.enum(['decoder', 'encoder', 'encoder-decoder']).default('decoder'),
  threads: z.number().int().min(1).optional(),
  ...readingOptions,
  documentSeparator,
})

/** Options that only `bpe` looks at. */
const OF_BPE = ['vocab', 'split', 'threads'] as const

export type TrainTokenizerOptions = z.input<typeof trainTokenizerOptions>

/**
 * Trains a tokenizer on text and saves it as `OUT/tokenizer.json`, the roles of its special tokens
 * in
 * `OUT/tokenizer_config.json`. Throws UserError, also where OUT has files in it.
 */
export async function trainTokenizer(
  options: TrainTokenizerOptions,
  { onMessage }: { onMessage?(text: string): void } = {},
): Promise<Tokenizer> {
  const parsed = parseOptions(trainTokenizerOptions, options)
  const idle = parsed.kind === 'char' && OF_BPE.find((name) => options[name] !== undefined)
  if (idle)
    throw new UserError(
      `${flagOf(idle)} changes nothing: --kind char has a token for each character; leave it out`,
    )
  const { data, out, vocab: vocabSize, split, threads, for: kind } = parsed
  await expectEmpty(out)
  const corpus = await openCorpus(data, {
    ...parsed,
    report: printDataEvents(onMessage),
  })
  try {
    const tokenizer =
      parsed.kind === 'char'
        ? await trainCharTokenizer(texts(corpus), { kind })
        : await trainBpeOnThreads(texts(corpus), { vocabSize, split, threads, kind })
    await writeFolderAside(out, {
      'tokenizer.json': json(tokenizer.toJSON()),
      'tokenizer_config.json': json(tokenizerConfigOf(tokenizer)),
    })
    return tokenizer
  } finally {
    await corpus.close()
  }
}

async function* texts(corpus: Corpus): AsyncGenerator<string> {
  for await (const { text } of corpus.documents()) yield text
}
