import { evaluationBatches } from '../src/data/readers/evaluation-batches.ts'
import { randomWindows } from '../src/data/readers/random-windows.ts'
import { batchReader } from '../src/data/readers/reader.ts'
import { memoryTokens } from '../src/data/token-source.ts'
import { measureModel } from '../src/evaluate/measure-model.ts'
import { Decoder } from '../src/models/decoder.ts'
import { gpt2Config } from '../src/models/decoder-config.ts'
import { nextToken } from '../src/objectives/language-model.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { OPTIMIZERS, type OptimizerName } from '../src/train/optimizers/index.ts'
import type { Point } from '../src/train/report/series.ts'
import { schedules } from '../src/train/schedules.ts'
import { Trainer } from '../src/train/trainer.ts'

export interface NanoGptOptions {
  /** Its first nine tenths are for training, the rest for validation. */
  text: string
  optimizer?: OptimizerName
  /** Peak learning rate; it decays to a tenth. */
  rate?: number
  weightDecay?: number
  steps?: number
  seed?: number
}

interface NanoGptResult {
  /** Training loss of each step. */
  points: Point[]
  /** Mean cross-entropy over the whole of the last tenth, in nats a character. */
  validationLoss: number
}

const ROWS = 12
const LENGTH = 64
const WARMUP = 100

/**
 * nanoGPT's training of a character model on a CPU (karpathy/nanoGPT, README, "I only have a
 * macbook"): 4 layers, 4 heads, width 128, context 64, batch 12, no dropout, no biases; 2000 steps,
 * rate 1e-3 to 1e-4 after 100 steps of warm-up, beta2 0.99, weight decay 0.1, clipped at 1. The
 * loss published for it is 1.88.
 */
export async function trainNanoGpt(
  engine: Engine,
  {
    text,
    optimizer = 'adamw',
    rate = 1e-3,
    weightDecay = 0.1,
    steps = 2000,
    seed = 1,
  }: NanoGptOptions,
): Promise<NanoGptResult> {
  const symbols = [...new Set(text)].sort()
  const numbers = new Map(symbols.map((symbol, i) => [symbol, i]))
  const ids = Array.from(text, (symbol) => numbers.get(symbol) ?? 0)
  const cut = Math.floor(0.9 * ids.length)
  const batches = batchReader(randomWindows(memoryTokens(ids.slice(0, cut)), { seed }), {
    rows: ROWS,
    length: LENGTH,
  })
  const model = new Decoder(
    gpt2Config({
      vocabSize: symbols.length,
      context: LENGTH,
      layers: 4,
      dim: 128,
      heads: 4,
      normBias: false,
      attentionBias: 'none',
      feedForwardBias: false,
      activation: 'gelu',
    }),
  )
  const trainer = await Trainer.create({
    engine,
    model,
    seed,
    batch: ROWS,
    length: LENGTH,
    optimizer: OPTIMIZERS[optimizer].create({ beta2: 0.99 }),
    weightDecay,
    clip: { by: 'norm', limit: 1 },
  })
  const schedule = schedules.cosine({ peak: rate, floor: rate / 10, warmup: WARMUP, total: steps })
  const points: Point[] = []
  for (let step = 0; step < steps; step++) {
    const { loss } = await trainer.next(batches.next(), schedule(step))
    points.push([step + 1, loss])
  }
  const rest = memoryTokens(ids.slice(cut))
  const { loss: validationLoss } = await measureModel(
    { engine, objective: nextToken(model, LENGTH), parameters: trainer.parameters },
    { batches: () => evaluationBatches(rest, { rows: ROWS, length: LENGTH }), bytes: rest.length },
  )
  await trainer.dispose()
  return { points, validationLoss }
}
