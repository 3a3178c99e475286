import { describe, expect, test } from 'vitest'
import { evaluate, type Feeds } from '../../test/interpreter/evaluate.ts'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { attachInputs } from '../formats/peft/lora/inputs.ts'
import { Lora } from '../formats/peft/lora/lora.ts'
import {
  asInput,
  grad,
  input,
  logSoftmax,
  mul,
  simplify,
  slice,
  sub,
  sum,
  type Tensor,
  toOnnx,
  topologicalOrder,
} from '../graph/index.ts'
import { expectNoScope, Linear, nameParameters } from '../nn/index.ts'
import { Decoder } from './decoder.ts'
import { type DecoderConfig, llamaConfig } from './decoder-config.ts'

const config = llamaConfig({ vocabSize: 13, context: 8, layers: 1, dim: 8, heads: 2 })
const IDS = [3, 1, 4, 1, 5, 9]
const [CHOSEN, REJECTED] = [7, 11]

/** log p(token | ids), of the last position: () each. */
function logProbability(model: Decoder, ids: Tensor, token: number): Tensor {
  const all = logSoftmax(model.logits(model.hidden(ids)))
  return sum(slice(slice(all, 0, IDS.length - 1, IDS.length), 1, token, token + 1))
}

const feedsOf = (model: Decoder, weights: Record<string, Float32Array | Float64Array>): Feeds =>
  Object.fromEntries(
    [...model.parameters()].map(([path, { name, shape }]) => [
      name,
      { shape, values: weights[path] as Float32Array },
    ]),
  )

test('a policy learns beside a frozen reference of its own shape, as in DPO', () => {
  const policy = new Decoder(config)
  const reference = new Decoder(config, { scope: 'reference' })
  const weights = tinyWeights(policy)
  const ids = input('ids', 'int32', [1, IDS.length])
  const [chosen, rejected] = [CHOSEN, REJECTED].map((token) => [
    logProbability(policy, ids, token),
    logProbability(reference, ids, token),
  ]) as [[Tensor, Tensor], [Tensor, Tensor]]
  // The implicit rewards' difference, which DPO passes through a sigmoid (Rafailov et al. 2023).
  const margin = sub(sub(...chosen), sub(...rejected))
  const parameters = [...policy.parameters()]
  const gradients = grad(
    mul(margin, -0.5),
    parameters.map(([, { tensor }]) => tensor),
  )
  const outputs = [...chosen, ...rejected, margin]
  const feeds = (learned: Record<string, Float32Array | Float64Array>) => ({
    ids: { shape: [1, IDS.length], values: IDS },
    ...feedsOf(policy, learned),
    ...feedsOf(reference, weights),
  })
  const before = evaluate(simplify(outputs), feeds(weights)).map(({ data }) => data[0] as number)
  expect(before[0]).toBe(before[1])
  expect(before[2]).toBe(before[3])

  const slopes = evaluate(gradients, feeds(weights))
  const updated = Object.fromEntries(
    parameters.map(([path], i) => [
      path,
      Float64Array.from(
        weights[path] as Float32Array,
        (x, j) => x - 0.01 * (slopes[i]?.data[j] as number),
      ),
    ]),
  )
  const after = evaluate(simplify(outputs), feeds(updated)).map(({ data }) => data[0] as number)
  expect(after[0]).toBeGreaterThan((before[0] as number) + 0.01)
  expect(after[1]).toBe(before[1])
  expect(after[3]).toBe(before[3])
  expect(after[4]).toBeGreaterThan(0.01)
  const names = toOnnx({ margin }, { target: 'cpu' }).inputs.map(({ name }) => name)
  expect(names).toContain('model.norm.weight')
  expect(names).toContain('reference.model.norm.weight')
})

describe('two models of one scope', () => {
  test.each([
    ['none', undefined],
    ['the same', { scope: 'reference' }],
  ])('%s: refused, rather than merged', (_, options) => {
    const [a, b] = [new Decoder(config, options), new Decoder(config, options)]
    const ids = input('ids', 'int32', [1, IDS.length])
    const difference = sub(logProbability(a, ids, CHOSEN), logProbability(b, ids, CHOSEN))
    const make = () => toOnnx({ difference }, { target: 'cpu' })
    expect(make).toThrow(/two distinct inputs of one graph are named .*model\.embed_tokens\.weight/)
    expect(make).toThrow("createModel(config, { scope: 'reference' })")
  })

  test('one model may be used twice', () => {
    const model = new Decoder(config)
    const ids = input('ids', 'int32', [1, IDS.length])
    const y = sub(logProbability(model, ids, CHOSEN), logProbability(model, ids, REJECTED))
    expect(toOnnx({ y }, { target: 'cpu' }).inputs.length).toBe(model.parameters().size + 1)
  })
})

test('files do not have the scope; quantized matrices, adapters and experts do', () => {
  const model = new Decoder(tinyConfigs.Mixtral as DecoderConfig, { scope: 'student' })
  expect([...model.parameters().keys()]).toEqual([
    ...new Decoder(tinyConfigs.Mixtral as DecoderConfig).parameters().keys(),
  ])
  for (const layer of model.modules().values())
    if (layer instanceof Linear && layer.path.startsWith('model.layers'))
      layer.quantize({ bits: 8, blockSize: 32 })
  const lora = { rank: 2, alpha: 4, dropout: 0, rslora: false, layers: ['q_proj'] }
  new Lora(model, lora)
  attachInputs(model)
  const ids = input('ids', 'int32', [1, IDS.length])
  const logits = model.logits(model.hidden(ids))
  const inputs = topologicalOrder([logits]).flatMap((node) => asInput(node)?.name ?? [])
  expect(inputs.filter((name) => !name.startsWith('student.'))).toEqual(['ids'])
  for (const end of [
    'model.layers.0.self_attn.q_proj.weight.blocks',
    'model.layers.0.self_attn.q_proj.weight.scales',
    'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight',
    'adapter.model.layers.0.self_attn.q_proj.up',
  ])
    expect(inputs).toContain(`student.${end}`)
  const dims = topologicalOrder([logits]).flatMap(({ outputs }) =>
    outputs.flatMap(({ shape }) => shape.filter((dim) => typeof dim === 'string')),
  )
  expect(dims.length).toBeGreaterThan(0)
  expect(dims.every((dim) => String(dim).includes('student.'))).toBe(true)
  expect(model.inputs({ 'model.norm.weight': 1 })).toEqual({ 'student.model.norm.weight': 1 })
})

test('a name is given once, with its scope; a scoped model is not the main one', () => {
  const model = new Decoder(tinyConfigs.Mixtral as DecoderConfig)
  expect(() => nameParameters(model, { scope: 'b' })).toThrow('name a model once, with its scope')
  const scoped = new Decoder(tinyConfigs.Mixtral as DecoderConfig, { scope: 'b' })
  expect(() => expectNoScope(scoped)).toThrow('the model has the scope b')
})
