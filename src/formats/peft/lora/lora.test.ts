import { describe, expect, test } from 'vitest'
import { evaluate, type Feeds } from '../../../../test/interpreter/evaluate.ts'
import { tinyConfigs, tinyWeights } from '../../../../test/tiny-decoder.ts'
import { grad, input, sizeOf, topologicalOrder } from '../../../graph/index.ts'
import { Decoder } from '../../../models/decoder.ts'
import { type DecoderConfig, gpt2Config, llamaConfig } from '../../../models/decoder-config.ts'
import { initialize } from '../../../models/parameters.ts'
import type { Parameter } from '../../../nn/index.ts'
import { languageModelObjective } from '../../../objectives/language-model.ts'
import { Random } from '../../../random.ts'
import type { Adapter } from './adapter.ts'
import { Lora, type LoraConfig, scaleOf } from './lora.ts'
import { mergeAdapters, unmergeAdapters } from './merge.ts'

const sizes = { vocabSize: 13, context: 8, layers: 2, dim: 8, heads: 2 }
const plain: LoraConfig = { rank: 3, alpha: 6, dropout: 0, layers: 'all-linear', rslora: false }
const MODELS: Record<string, DecoderConfig> = {
  'GPT-2, of which three matrices are one in the file': gpt2Config(sizes),
  'Llama with grouped heads': llamaConfig({ ...sizes, kvHeads: 1 }),
  'Mixtral, with experts': {
    ...(tinyConfigs.Mixtral as DecoderConfig),
    ...sizes,
    kvHeads: 1,
    headDim: 4,
  },
}

type Values = Record<string, Float32Array>

/** Every element drawn, B's too. */
function drawn(parameters: ReadonlyMap<string, Parameter>, seed = 5): Values {
  const random = new Random(seed)
  const entries = [...parameters].map(([name, { shape }]) => [
    name,
    Float32Array.from({ length: sizeOf(shape) }, () => 0.3 * random.normal()),
  ])
  return Object.fromEntries(entries)
}

const IDS = [3, 1, 4, 1, 5, 9, 2, 6]

function feedsOf(parameters: ReadonlyMap<string, Parameter>, values: Values): Feeds {
  const entries = [...parameters].map(([name, { shape }]) => [
    name,
    { shape, values: values[name] as Float32Array },
  ])
  return {
    ...Object.fromEntries(entries),
    ids: { shape: [2, 4], values: IDS },
    targets: { shape: [2, 4], values: [1, 4, 1, 5, 2, 6, -100, 3] },
    weight: { shape: [], values: [1 / 7] },
  }
}

const logitsOf = (model: Decoder) => model.logits(model.hidden(input('ids', 'int32', [2, 4])))

/** The adapter that parameters of these values make, as its file would give it. */
function asAdapter(lora: Lora, values: Values): Adapter {
  const updates = lora.targets.map(({ name }) => {
    const part = (kind: string) => values[`base_model.model.${name}.${kind}.weight`] as Float32Array
    const { rank } = lora.config
    const both = { down: part('lora_A'), up: part('lora_B') }
    return [name, { rank, scale: scaleOf(lora.config), ...both }] as const
  })
  return { name: 'test', updates: new Map(updates), replaced: new Map() }
}

describe.each(Object.entries(MODELS))('%s', (_, config) => {
  test('starts as the model alone', () => {
    const model = new Decoder(config)
    const weights = tinyWeights(model)
    const base = feedsOf(model.parameters(), weights)
    const [before] = evaluate([logitsOf(model)], base)
    const lora = new Lora(model, plain)
    const fresh: Values = drawn(lora.parameters())
    initialize(lora, new Random(1), (name) => fresh[name] as Float32Array)
    const [after] = evaluate([logitsOf(model)], { ...base, ...feedsOf(lora.parameters(), fresh) })
    expect(after?.data).toEqual(before?.data)
    // A is uniform up to 1 / sqrt(in), where B is zero.
    for (const [name, values] of Object.entries(fresh)) {
      const { shape } = lora.parameters().get(name) as Parameter
      const bound = 1 / Math.sqrt(shape[1] as number)
      const largest = Math.max(...values.map(Math.abs))
      if (name.endsWith('lora_B.weight')) expect(largest).toBe(0)
      else expect(largest).toSatisfy((x: number) => x > bound / 2 && x <= bound)
    }
  })

  test('gradients of A and B are those of central differences', () => {
    const model = new Decoder(config)
    const lora = new Lora(model, plain)
    const values = drawn(lora.parameters())
    const feeds = { ...feedsOf(model.parameters(), tinyWeights(model)) }
    const { loss } = languageModelObjective(model, { rows: 2, length: 4 })
    const parameters = [...lora.parameters()]
    const gradients = evaluate(
      grad(
        loss,
        parameters.map(([, { tensor }]) => tensor),
      ),
      { ...feeds, ...feedsOf(lora.parameters(), values) },
    )
    const lossWith = (name: string, place: number, change: number) => {
      // Not rounded to float32.
      const moved = Float64Array.from(values[name] as Float32Array)
      moved[place] = (moved[place] as number) + change
      const { shape } = lora.parameters().get(name) as Parameter
      const own = { ...feedsOf(lora.parameters(), values), [name]: { shape, values: moved } }
      return evaluate([loss], { ...feeds, ...own })[0]?.data[0] as number
    }
    const step = 1e-4
    for (const [i, [name, { shape }]] of parameters.entries()) {
      if (!/layers\.1|h\.1/.test(name)) continue
      for (const place of [0, sizeOf(shape) - 1]) {
        const slope = (lossWith(name, place, step) - lossWith(name, place, -step)) / (2 * step)
        expect(gradients[i]?.data[place], name).toBeCloseTo(slope, 6)
      }
    }
  })

  test('merged gives what the adapter gives beside the model, and unmerged the model', () => {
    const model = new Decoder(config)
    const weights = tinyWeights(model)
    const lora = new Lora(model, { ...plain, rslora: true })
    const values = drawn(lora.parameters())
    const [beside] = evaluate([logitsOf(model)], {
      ...feedsOf(model.parameters(), weights),
      ...feedsOf(lora.parameters(), values),
    })
    lora.detach()
    const merged = tinyWeights(model)
    const uses = [{ adapter: asAdapter(lora, values), weight: 1 }]
    mergeAdapters(model, uses, (name) => merged[name] as Float32Array)
    const [inside] = evaluate([logitsOf(model)], feedsOf(model.parameters(), merged))
    for (const [i, x] of (inside?.data ?? []).entries())
      expect(x).toBeCloseTo(beside?.data[i] as number, 5)
    const [without] = evaluate([logitsOf(model)], feedsOf(model.parameters(), weights))
    expect(Math.abs((without?.data[0] as number) - (inside?.data[0] as number))).toBeGreaterThan(
      0.01,
    )

    const sums = Object.fromEntries(Object.entries(merged).map(([n, x]) => [n, x.slice()]))
    unmergeAdapters(model, uses, (name) => merged[name] as Float32Array)
    let changed = 0
    for (const [name, after] of Object.entries(merged))
      for (const [i, x] of after.entries()) {
        const sum = Math.abs(sums[name]?.[i] as number)
        expect(Math.abs(x - (weights[name]?.[i] as number))).toBeLessThanOrEqual(
          2 ** -23 * Math.max(sum, Math.abs(x)),
        )
        if (sum !== Math.abs(x)) changed++
      }
    expect(changed).toBeGreaterThan(100)
  })
})

test('tensors are named as PEFT names them', () => {
  const names = (config: DecoderConfig, layers: LoraConfig['layers'] = 'all-linear') =>
    [...new Lora(new Decoder(config), { ...plain, layers }).parameters()].map(
      ([name, { shape }]) => `${name} ${shape}`,
    )
  const one = { ...sizes, layers: 1 }
  expect(names(gpt2Config(one))).toEqual([
    'base_model.model.transformer.h.0.attn.c_attn.lora_A.weight 3,8',
    'base_model.model.transformer.h.0.attn.c_attn.lora_B.weight 24,3',
    'base_model.model.transformer.h.0.attn.c_proj.lora_A.weight 3,8',
    'base_model.model.transformer.h.0.attn.c_proj.lora_B.weight 8,3',
    'base_model.model.transformer.h.0.mlp.c_fc.lora_A.weight 3,8',
    'base_model.model.transformer.h.0.mlp.c_fc.lora_B.weight 32,3',
    'base_model.model.transformer.h.0.mlp.c_proj.lora_A.weight 3,32',
    'base_model.model.transformer.h.0.mlp.c_proj.lora_B.weight 8,3',
  ])
  expect(names(llamaConfig(one), ['v_proj'])).toEqual([
    'base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight 3,8',
    'base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight 8,3',
  ])
})

test('rsLoRA divides by the root of the rank', () => {
  expect(scaleOf({ rank: 16, alpha: 8, rslora: false })).toBe(0.5)
  expect(scaleOf({ rank: 16, alpha: 8, rslora: true })).toBe(2)
})

test('layers that are one in the file drop the same of what they read', () => {
  const model = new Decoder(gpt2Config({ ...sizes, layers: 1 }))
  const lora = new Lora(model, { ...plain, dropout: 0.5 })
  expect(lora.targets).toHaveLength(4)
  const dropouts = (dropout: boolean) => {
    const { loss } = languageModelObjective(model, { rows: 2, length: 4, dropout })
    return topologicalOrder([loss]).filter(({ op }) => op.name === 'stopGradient').length
  }
  // c_attn, attn.c_proj, mlp.c_fc, mlp.c_proj.
  expect(dropouts(true)).toBe(4)
  expect(dropouts(false)).toBe(0)
})

test('experts read open numbers of tokens, of which nothing can be dropped', () => {
  const model = new Decoder(tinyConfigs.Mixtral as DecoderConfig)
  expect(() => new Lora(model, { ...plain, dropout: 0.1 })).toThrow(/dropout 0.1 is not for/)
  expect(new Lora(model, { ...plain, dropout: 0.1, layers: ['q_proj'] }).targets).toHaveLength(2)
})
