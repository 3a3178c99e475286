import { expect, test } from 'vitest'
import { findTorch } from '../src/bench/torch.ts'
import { grad, input } from '../src/graph/index.ts'
import { Decoder } from '../src/models/decoder.ts'
import { type DecoderConfig, gpt2Config, llamaConfig } from '../src/models/decoder-config.ts'
import { familyOf, writeConfig } from '../src/models/huggingface/config.ts'
import { exportTensors } from '../src/models/huggingface/weights.ts'
import { languageModelObjective } from '../src/objectives/language-model.ts'
import { evaluate } from '../test/interpreter/evaluate.ts'
import { tinyWeights } from '../test/tiny-decoder.ts'
import { checkFamilies, runFamily } from './torch-family.ts'

const torch = await findTorch()
if (!torch) console.warn('PyTorch was not found, so no family is compared with it')
const check = test.skipIf(!torch && !process.env.CI)
const installed = () => {
  if (!torch) throw new Error('install PyTorch (Debian: python3-torch) to compare with it')
  return torch
}

check('the references in PyTorch pass their own checks', async () => {
  expect(await checkFamilies(installed())).toBeGreaterThan(50)
})

const sizes = { vocabSize: 17, context: 12, layers: 2, dim: 16, heads: 4 }
const CASES: Record<string, DecoderConfig> = {
  gpt2: gpt2Config({ ...sizes, hiddenDim: 20 }),
  llama: llamaConfig({ ...sizes, kvHeads: 2 }),
  chatwright: gpt2Config({ ...sizes, positions: 'rotary', kvHeads: 2, gated: true, tied: false }),
}
const [ids, targets] = [
  [
    [3, 1, 4, 1, 5, 9],
    [2, 6, 5, 3, 5, 8],
  ],
  [
    [1, 4, 1, 5, 9, 2],
    [6, 5, 3, -100, 8, 16],
  ],
] as const

check.each(Object.entries(CASES))(
  'logits, loss and every gradient are PyTorch’s: %s',
  async (name, config) => {
    const model = new Decoder(config)
    const family = familyOf(config)
    expect(family.modelType).toBe(name)
    const weights = tinyWeights(model)
    const peer = await runFamily(installed(), {
      family: name,
      head: 'causal_lm',
      config: writeConfig(config, {}),
      weights: exportTensors(family, model, (n) => weights[n] as Float32Array),
      inputs: { ids, labels: targets },
      want: ['logits', 'loss'],
      gradients: true,
      dtype: 'float64',
    })

    const parameters = [...model.parameters()]
    const { loss } = languageModelObjective(model, { rows: 2, length: 6 })
    const logits = model.logits(model.hidden(input('ids', 'int32', [2, 6])))
    const tensors = parameters.map(([, { tensor }]) => tensor)
    const values = parameters.map(([n, { shape }]) => {
      return [n, { shape: shape as number[], values: weights[n] as Float32Array }] as const
    })
    const [ourLogits, ourLoss, ...gradients] = evaluate([logits, loss, ...grad(loss, tensors)], {
      ...Object.fromEntries(values),
      ids: { shape: [2, 6], values: ids.flat() },
      targets: { shape: [2, 6], values: targets.flat() },
      weight: { shape: [], values: [1 / 11] },
    })

    // Tables of rotary positions are float32 here, float64 there.
    const digits = config.positions === 'rotary' ? 5 : 10
    const same = (ours: ArrayLike<number> | undefined, theirs: string) => {
      const expected = peer.get(theirs)?.data
      expect(ours?.length, theirs).toBe(expected?.length)
      for (const [i, x] of (expected ?? []).entries()) expect(ours?.[i]).toBeCloseTo(x, digits)
    }
    same(ourLogits?.data, 'logits')
    same(ourLoss?.data, 'loss')
    const byName = new Map(parameters.map(([n], i) => [n, gradients[i]?.data]))
    const exported = exportTensors(family, model, (n) => Float32Array.from(byName.get(n) ?? []))
    expect(peer.size).toBe(exported.length + 2)
    for (const { name: file, data } of exported) {
      const values = typeof data === 'function' ? await data() : data
      const theirs = peer.get(`grad.${file}`)?.data as Float64Array
      expect(values, file).toHaveLength(theirs.length)
      // Exported gradients went through float32.
      const fewer = Math.min(digits, 6)
      for (const [i, x] of theirs.entries()) expect(Number(values[i])).toBeCloseTo(x, fewer)
    }
  },
)
