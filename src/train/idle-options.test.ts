import { expect, test } from 'vitest'
import { tune } from '../tune/tune.ts'
import type { TrainOptions } from './options.ts'
import { train } from './train.ts'

/** Refused before anything is read: neither the data nor the model is there. */
const run = (options: Partial<TrainOptions>) =>
  Promise.all(
    [
      train({ data: ['nowhere.txt'], out: 'nowhere', ...options }),
      tune({
        model: 'no-model',
        data: ['nowhere.jsonl'],
        out: 'nowhere-else',
        ...options,
      } as never),
    ].map((running) => running.then(String, (error: Error) => error.message)),
  )

test.each<[Partial<TrainOptions>, RegExp]>([
  [{ optimizer: 'sgd', beta1: 0.9 }, /--beta1 .*--optimizer sgd has none.*momentum.*adamw/],
  [{ optimizer: 'muon', beta1: 0.9 }, /--beta1 .*--optimizer muon has none/],
  [{ optimizer: 'momentum', beta2: 0.9 }, /--beta2 .*--optimizer momentum has none/],
  [{ schedule: 'constant', minLr: 1e-5 }, /--min-lr .*constant stays at --lr/],
  [{ clip: 0, clipBy: 'value' }, /--clip-by .*--clip 0 clips nothing/],
  [{ weightDecay: 0, decay: 'all' }, /--decay .*are all 0/],
  [{ lr: 1e-3, minLr: 1e-2 }, /--min-lr 0\.01 is above .* 0\.001/],
  [{ steps: 10, warmup: 11 }, /--warmup 11 is longer .* 10 steps/],
  [{ patience: 2, val: 0 }, /--patience 2 .*nothing is kept for validation/],
  [{ steps: 10, epochs: 1 }, /--steps and --epochs .*give one/],
])('%o is refused', async (options, message) => {
  for (const refusal of await run(options)) expect(refusal).toMatch(message)
})

test.each<Partial<TrainOptions>>([
  { optimizer: 'lion', beta1: 0.9, beta2: 0.9 },
  { schedule: 'linear', minLr: 1e-5, lr: 1e-5, steps: 10, warmup: 10 },
  { clip: 0 },
  { weightDecay: 0, l1: 1e-3, decay: 'all' },
])('%o is not', async (options) => {
  for (const refusal of await run(options)) expect(refusal).toMatch(/nowhere\.txt|no-model/)
})

test.each<[Partial<TrainOptions>, RegExp]>([
  [{ lr: 1e-50 }, /lr: .*1\.2e-38/],
  [{ lr: 1e39 }, /lr: .*3\.4e\+38/],
  [{ minLr: 1e-50 }, /minLr: expected 0, or at least 1\.2e-38/],
  [{ clip: 1e-50 }, /clip: expected 0, or at least/],
  [{ weightDecay: 1e39 }, /weightDecay: .*3\.4e\+38/],
  [{ l1: 1e-50 }, /l1: /],
  [{ l2: 1e39 }, /l2: /],
  [{ dropout: 1e-4 }, /dropout: expected 0, or 0\.0005 to 0\.999/],
  [{ dropout: 0.9999 }, /dropout: expected 0, or 0\.0005 to 0\.999/],
  [{ epochs: 1e300 }, /epochs: /],
])('%o is no number of float32, or would be another there', async (options, message) => {
  for (const refusal of await run(options)) expect(refusal).toMatch(message)
})

test.each<Partial<TrainOptions>>([{ layers: 100_000 }, { depth: 100_000 }, { experts: 100_000 }])(
  '%o is refused before a layer is made',
  async (options) => {
    const [refusal] = await run(options)
    expect(refusal).toMatch(/^(layers|depth|experts): .*1024/)
  },
)
