import { availableParallelism } from 'node:os'
import type { ChoiceQuestion } from '../src/evaluate/benchmarks/benchmark.ts'
import { PromptEncoder } from '../src/evaluate/benchmarks/encode-prompts.ts'
import { openBenchmark } from '../src/evaluate/benchmarks/open-benchmark.ts'
import { askedOf } from '../src/evaluate/benchmarks/prompts.ts'
import {
  type Likelihood,
  LikelihoodProgram,
} from '../src/evaluate/likelihood/likelihood-program.ts'
import { packRow, type Sequence } from '../src/evaluate/likelihood/pack-row.ts'
import { scoreGroups } from '../src/evaluate/likelihood/score-groups.ts'
import { Decoder } from '../src/models/decoder.ts'
import { llamaConfig } from '../src/models/decoder-config.ts'
import { countParameters } from '../src/models/model.ts'
import type { DeviceTensor } from '../src/runtime/engine.ts'
import { openEngine } from '../src/runtime/open.ts'
import { trainBpe } from '../src/text/bpe/train.ts'
import { randomWeights } from './decode-task.ts'
import { type BenchOptions, median, type Row, row } from './row.ts'

export interface BenchEvaluateOptions extends BenchOptions {
  /** Folder of the files of BLiMP and HellaSwag. */
  benchmarkDir: string
  /** Questions of each. */
  limit?: number
}

/** Two sums of the same log-probabilities differ by less. */
const TOLERANCE = 1e-3

type Groups = readonly (readonly Sequence[])[]
type Score = (groups: Groups) => Promise<Likelihood[][]>

/**
 * BLiMP in batches of one length against a sentence at a time, and HellaSwag with the endings of a
 * question in one row against a row for each, in batches alike. A Llama of ten million random
 * weights; medians of rounds, sides in turn. Throws where the two sides' scores differ.
 */
export async function benchEvaluate({
  benchmarkDir,
  limit = 1000,
  threads = availableParallelism(),
  rounds = 3,
  report = () => {},
}: BenchEvaluateOptions): Promise<Row[]> {
  const questions = async (name: string) => {
    const asked = askedOf(await openBenchmark(name, benchmarkDir), limit)
    return asked.map(({ question }) => question as ChoiceQuestion)
  }
  const [blimp, hellaswag] = await Promise.all(['blimp', 'hellaswag'].map(questions))
  const texts = [...(blimp ?? []), ...(hellaswag ?? [])].map(({ prompt, choices }) =>
    [prompt, ...choices].join('\n'),
  )
  report('training a tokenizer of 8,192 tokens on the questions')
  const tokenizer = await trainBpe(texts, { vocabSize: 8192 })
  const { vocabSize } = tokenizer
  const model = new Decoder(llamaConfig({ vocabSize, context: 512, layers: 8, dim: 256, heads: 4 }))
  report(`${(countParameters(model) / 1e6).toFixed(1)} million parameters`)
  const encoder = new PromptEncoder({ tokenizer, addBos: false, context: 512 })
  const groupsOf = (asked: readonly ChoiceQuestion[] = [], delimiter = '') =>
    asked.map(({ prompt, choices }) => encoder.choices(prompt, choices, delimiter))

  const engine = await openEngine({ engine: 'cpu', threads })
  const weights = randomWeights(model)
  const live: Record<string, DeviceTensor> = {}
  for (const [name, { shape }] of model.parameters()) {
    live[name] = engine.tensor('float32', shape)
    live[name].write(weights[name] as Float32Array)
  }
  const side = await LikelihoodProgram.create(engine, model, { live })
  const whole = await LikelihoodProgram.create(engine, model, { live }, { workers: 1 })
  try {
    const batched =
      (packed: boolean): Score =>
      (groups) =>
        collect(side, groups, packed)
    return [
      await compare('BLiMP', groupsOf(blimp), {
        sides: [batched(true), (groups) => oneByOne(whole, groups)],
        peerName: 'a sentence at a time',
        rounds,
        report,
      }),
      await compare('HellaSwag', groupsOf(hellaswag, ' '), {
        sides: [batched(true), batched(false)],
        peerName: 'a row for each ending',
        rounds,
        report,
      }),
    ]
  } finally {
    await engine.dispose()
  }
}

async function collect(
  program: LikelihoodProgram,
  groups: Groups,
  packed: boolean,
): Promise<Likelihood[][]> {
  const results: Likelihood[][] = []
  const asked = groups.map((group) => () => group)
  for await (const { index, likelihoods } of scoreGroups(program, asked, { packed }))
    results[index] = likelihoods
  return results
}

async function oneByOne(program: LikelihoodProgram, groups: Groups): Promise<Likelihood[][]> {
  const results: Likelihood[][] = []
  for (const group of groups) {
    const own: Likelihood[] = []
    for (const sequence of group) own.push(...(await program.run([packRow([sequence])])).flat())
    results.push(own)
  }
  return results
}

/** Questions a second of both sides, whose scores must agree. */
async function compare(
  name: string,
  groups: Groups,
  {
    sides,
    peerName,
    rounds,
    report,
  }: {
    sides: readonly [Score, Score]
    peerName: string
    rounds: number
    report(line: string): void
  },
): Promise<Row> {
  const rates: [number[], number[]] = [[], []]
  let apart = 0
  for (let round = 0; round < rounds; round++) {
    const scores: number[][] = []
    for (const [i, score] of sides.entries()) {
      const started = performance.now()
      const likelihoods = await score(groups)
      rates[i as 0 | 1].push((1000 * groups.length) / (performance.now() - started))
      scores.push(likelihoods.flat().map(({ logProbability }) => logProbability))
    }
    const [ours = [], theirs = []] = scores
    for (const [i, one] of ours.entries())
      apart = Math.max(apart, Math.abs(one - (theirs[i] as number)))
    if (!(apart < TOLERANCE)) throw new Error(`${name}: scores differ by ${apart}`)
  }
  report(`${name}: ${groups.length} questions, scores differ by ${apart.toExponential(1)} at most`)
  const [ours, peer] = rates.map(median) as [number, number]
  return row({ name, unit: 'questions/s', better: 'higher', ours, peer, peerName })
}
