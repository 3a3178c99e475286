import { describe, expect, test } from 'vitest'
import { evaluate, type Feeds } from '../../test/interpreter/evaluate.ts'
import { tinyConfigs, tinyWeights } from '../../test/tiny-decoder.ts'
import { tinyEncoderDecoders, tinyEncoders } from '../../test/tiny-models.ts'
import { Lora } from '../formats/peft/lora/lora.ts'
import { grad, input, mul, sum, type Tensor, toOnnx, topologicalOrder } from '../graph/index.ts'
import type { Context, Linear, Tap } from '../nn/index.ts'
import { Random } from '../random.ts'
import { Decoder } from './decoder.ts'
import { type DecoderConfig, llamaConfig } from './decoder-config.ts'
import { EncoderDecoder } from './encoder-decoder.ts'
import { createModel, type Model, type ModelConfig } from './model.ts'
import { quantizeBlocks } from './quantize.ts'

const [ROWS, LENGTH] = [2, 5]
const SHAPE = [ROWS, LENGTH]

/** All that a model gives, (B T, ...), with these taps. */
function outputOf(model: Model, context: Pick<Context, 'tap'> = {}): Tensor {
  const ids = input('ids', 'int32', SHAPE)
  const mask = input('mask', 'float32', SHAPE)
  if (model instanceof EncoderDecoder) {
    const source = model.encode(ids, { mask, ...context })
    return model.logits(
      model.hidden(input('written', 'int32', SHAPE), { source, ...context }),
      context,
    )
  }
  const hidden = model.hidden(ids, { mask, ...context })
  return model instanceof Decoder && !model.head ? model.logits(hidden, context) : hidden
}

function feedsOf(model: Model, weights = tinyWeights(model)): Record<string, Feeds[string]> {
  const parameters = [...model.parameters()].map(([path, { name, shape }]) => {
    return [name, { shape, values: weights[path] as Float32Array }] as const
  })
  return {
    ...Object.fromEntries(parameters),
    ids: { shape: SHAPE, values: [3, 1, 4, 1, 5, 9, 2, 6, 0, 0] },
    mask: { shape: SHAPE, values: [1, 1, 1, 1, 1, 1, 1, 1, 0, 0] },
    written: { shape: SHAPE, values: [1, 8, 2, 8, 1, 1, 7, 1, 7, 2] },
  }
}

/** Activations by path, in the order in which they are made. */
function readAll(model: Model): Map<string, Tensor> {
  const seen = new Map<string, Tensor>()
  const tap: Tap = (path, value) => {
    expect(seen.has(path)).toBe(false)
    seen.set(path, value)
    return value
  }
  outputOf(model, { tap })
  return seen
}

/** Little, since the interpreter is slow. */
const small = llamaConfig({
  vocabSize: 13,
  context: 8,
  layers: 2,
  dim: 8,
  heads: 2,
  kvHeads: 1,
  hiddenDim: 32,
})

const configs: Record<string, ModelConfig> = {
  ...tinyConfigs,
  ...tinyEncoders,
  ...tinyEncoderDecoders,
}

describe.each(Object.entries(configs))('%s', (_, config) => {
  const bytes = (model: Model, context: Pick<Context, 'tap'> = {}) =>
    toOnnx({ y: outputOf(model, context) }, { target: 'cpu' }).bytes

  test('a tap that was removed leaves the emitted bytes as they were', () => {
    const model = createModel(config)
    const plain = bytes(model)
    const modules = [...model.modules().values()]
    const tap: Tap = (_, y) => mul(y, 2)
    for (const module of modules) module.taps.add(tap)
    const output = outputOf(model)
    for (const module of modules) module.taps.delete(tap)
    expect(bytes(model, { tap: undefined })).toEqual(plain)
    const muls = (y: Tensor) => topologicalOrder([y]).filter(({ op }) => op.name === 'mul').length
    expect(muls(output)).toBeGreaterThan(muls(outputOf(model)) + 10)
  })
})

test.each(['GPT-2', 'Mistral', 'ALiBi and sinks', 'BERT', 'T5 1.1'])(
  'attention weights of each query sum to one: %s',
  (name) => {
    const config = configs[name] as ModelConfig
    const model = createModel(config)
    const seen = readAll(model)
    const weights = [...seen].filter(([path]) => /layers\.0\..*_attn\.weights$/.test(path))
    expect(weights.length).toBeGreaterThan(0)
    const found = evaluate(
      weights.map(([, t]) => t),
      feedsOf(model),
    )
    const hasSinks = 'sinks' in config && config.sinks
    for (const { data, shape } of found) {
      const keys = shape.at(-1) as number
      expect(data.every((x) => x >= 0)).toBe(true)
      for (let start = 0; start < data.length; start += keys) {
        const total = data.slice(start, start + keys).reduce((a, b) => a + b, 0)
        if (hasSinks) expect(total).toBeLessThan(1)
        else expect(total).toBeCloseTo(1, 12)
      }
    }
  },
)

test('a decoder’s activations have these paths and shapes', () => {
  const seen = readAll(createModel({ ...tinyConfigs.Mistral, layers: 1 } as DecoderConfig))
  const layer = 'model.layers.0'
  expect(Object.fromEntries([...seen].map(([path, { shape }]) => [path, shape]))).toEqual({
    'model.embedding': [10, 64],
    [`${layer}.residual_pre`]: [10, 64],
    [`${layer}.self_attn.q_proj.weight`]: [64, 64],
    [`${layer}.self_attn.q_proj`]: [10, 64],
    [`${layer}.self_attn.k_proj.weight`]: [32, 64],
    [`${layer}.self_attn.k_proj`]: [10, 32],
    [`${layer}.self_attn.v_proj.weight`]: [32, 64],
    [`${layer}.self_attn.v_proj`]: [10, 32],
    [`${layer}.self_attn.q`]: [2, 4, 5, 16],
    [`${layer}.self_attn.k`]: [2, 2, 5, 16],
    [`${layer}.self_attn.v`]: [2, 2, 5, 16],
    [`${layer}.self_attn.scores`]: [2, 4, 5, 5],
    [`${layer}.self_attn.weights`]: [2, 4, 5, 5],
    [`${layer}.self_attn.heads`]: [2, 4, 5, 16],
    [`${layer}.self_attn.o_proj.weight`]: [64, 64],
    [`${layer}.self_attn.o_proj`]: [10, 64],
    [`${layer}.self_attn.out`]: [10, 64],
    [`${layer}.residual_mid`]: [10, 64],
    [`${layer}.mlp.up_proj.weight`]: [192, 64],
    [`${layer}.mlp.up_proj`]: [10, 192],
    [`${layer}.mlp.gate_proj.weight`]: [192, 64],
    [`${layer}.mlp.gate_proj`]: [10, 192],
    [`${layer}.mlp.hidden`]: [10, 192],
    [`${layer}.mlp.down_proj.weight`]: [64, 192],
    [`${layer}.mlp.down_proj`]: [10, 64],
    [`${layer}.mlp.out`]: [10, 64],
    [`${layer}.residual_post`]: [10, 64],
    'model.norm': [10, 64],
    logits: [10, 61],
  })
})

test('the two stacks of an encoder-decoder have paths of their own', () => {
  const seen = readAll(createModel(tinyEncoderDecoders['T5 1.1'] as ModelConfig))
  const paths = [...seen.keys()].filter((path) => /layers\.0|embedding|norm$|logits/.test(path))
  for (const path of [
    'model.encoder.embedding',
    'model.decoder.embedding',
    'model.encoder.layers.0.self_attn.weights',
    'model.decoder.layers.0.self_attn.weights',
    'model.decoder.layers.0.cross_attn.weights',
    'model.decoder.layers.0.residual_cross',
    'model.encoder.norm',
    'model.decoder.norm',
    'logits',
  ])
    expect(paths).toContain(path)
})

test('experts have a router and activations of their own', () => {
  const seen = readAll(createModel(tinyConfigs.Mixtral as DecoderConfig))
  expect(seen.get('model.layers.0.mlp.probabilities')?.shape).toEqual([10, 4])
  expect(seen.get('model.layers.0.mlp.experts.3.hidden')?.shape[1]).toBe(24)
})

describe('replacing', () => {
  const model = createModel({ ...small, normPosition: 'both' })
  const [first, second] = [tinyWeights(model), tinyWeights(model)]
  const MID = 'model.layers.0.residual_post'
  const given = input('given', 'float32', [10, 8])
  const replaced = outputOf(model, { tap: (path, value) => (path === MID ? given : value) })
  const residual = readAll(model).get(MID) as Tensor
  const feeds = feedsOf(model, first)
  const other = { ...feeds, ids: { shape: SHAPE, values: [7, 7, 2, 9, 4, 1, 1, 0, 3, 8] } }

  test('a residual by its own value changes nothing', () => {
    const [value, expected] = evaluate([residual, outputOf(model)], feeds)
    const [found] = evaluate([replaced], {
      ...feeds,
      given: { shape: [10, 8], values: value?.data ?? [] },
    })
    expect([...(found?.data ?? [])]).toEqual([...(expected?.data ?? [])])
    expect(second).toEqual(first)
  })

  test('a residual by another run’s gives that run’s later layers', () => {
    const [value, expected] = evaluate([residual, outputOf(model)], other)
    const [found] = evaluate([replaced], {
      ...feeds,
      given: { shape: [10, 8], values: value?.data ?? [] },
    })
    const [without] = evaluate([outputOf(model)], feeds)
    expect([...(found?.data ?? [])]).toEqual([...(expected?.data ?? [])])
    expect(without?.data[0]).not.toBeCloseTo(expected?.data[0] as number, 3)
  })

  test('another shape is refused', () => {
    const tap: Tap = (path, value) => (path === MID ? input('given', 'float32', [9, 8]) : value)
    expect(() => outputOf(model, { tap })).toThrow(`${MID} must keep its shape and dtype`)
  })
})

test('gradients with respect to activations are those of central differences', () => {
  const model = createModel({ ...small, qkNorm: true, tied: false })
  const feeds = feedsOf(model)
  const random = new Random(4)
  const direction = Array.from({ length: 10 * 13 }, () => random.normal())
  const weighted = (logits: Tensor) => sum(mul(logits, input('direction', 'float32', [10, 13])))
  for (const chosen of [
    'model.embedding',
    'model.layers.0.self_attn.q',
    'model.layers.1.self_attn.k',
    'model.layers.0.self_attn.scores',
    'model.layers.0.self_attn.weights',
    'model.layers.1.self_attn.heads',
    'model.layers.0.mlp.hidden',
    'model.layers.0.residual_mid',
  ]) {
    let read: Tensor | undefined
    const whole = weighted(
      outputOf(model, {
        tap: (path, value) => {
          if (path === chosen) read = value
          return value
        },
      }),
    )
    const all = { ...feeds, direction: { shape: [10, 13], values: direction } }
    const activation = read as Tensor
    const [gradient, value] = evaluate([...grad(whole, [activation]), activation], all)
    const shape = activation.shape as number[]
    const given = input('given', 'float32', shape)
    const moved = weighted(
      outputOf(model, { tap: (path, value) => (path === chosen ? given : value) }),
    )
    const at = (index: number, change: number) => {
      const values = Float64Array.from(value?.data ?? [])
      values[index] = (values[index] as number) + change
      return evaluate([moved], { ...all, given: { shape, values } })[0]?.data[0] as number
    }
    const step = 1e-4
    // Of the first text, whose tokens are all seen.
    for (const index of [0, 17]) {
      const slope = (at(index, step) - at(index, -step)) / (2 * step)
      expect(gradient?.data[index], `${chosen} ${index}`).toBeCloseTo(slope, 5)
    }
  }
})

test('adapter, mask, quantization and probe are on one layer at once', () => {
  const model = new Decoder({ ...small, layers: 1 })
  const weights = tinyWeights(model)
  const PATH = 'model.layers.0.mlp.down_proj'
  const layer = model.modules().get(PATH) as Linear
  layer.quantize({ bits: 4, blockSize: 32 })
  const lora = new Lora(model, {
    rank: 2,
    alpha: 4,
    dropout: 0,
    rslora: false,
    layers: ['down_proj'],
  })
  const [rows, columns] = layer.weight.shape as [number, number]
  const mask = Float32Array.from({ length: rows * columns }, (_, i) => Number(i % 3 > 0))
  layer.taps.add((path, value) =>
    path === `${PATH}.weight` ? mul(value, input('pruned', 'float32', [rows, columns])) : value,
  )
  const probed: Record<string, Tensor> = {}
  outputOf(model, {
    tap: (path, value, { x }) => {
      if (path.startsWith(PATH)) probed[path] = value
      if (path === PATH && x) probed.x = x
      return value
    },
  })
  const random = new Random(3)
  const drawn = [...lora.parameters()].map(([path, { shape }]) => {
    const [rows = 0, columns = 0] = shape
    return [path, { shape, values: Array.from({ length: rows * columns }, () => random.normal()) }]
  })
  const adapter = Object.fromEntries(drawn) as Record<string, Feeds[string]>
  const format = { bits: 4, blockSize: 32, rows, columns } as const
  const { blocks, scales } = quantizeBlocks(weights[`${PATH}.weight`] as Float32Array, format)
  const { [PATH]: y, [`${PATH}.weight`]: weight, x } = probed as Record<string, Tensor>
  const [found, masked, read] = evaluate([y as Tensor, weight as Tensor, x as Tensor], {
    ...feedsOf(model, weights),
    ...adapter,
    pruned: { shape: [rows, columns], values: mask },
    [`${PATH}.weight.blocks`]: { shape: [rows, columns / 32, 16], values: blocks },
    [`${PATH}.weight.scales`]: { shape: [scales.length], values: scales },
  })
  // y = (W with 4 bits, masked) x + 2 B A x, by hand.
  const product = (matrix: ArrayLike<number>, width: number, x: ArrayLike<number>) =>
    Array.from({ length: matrix.length / width }, (_, r) =>
      Array.from({ length: width }, (_, c) => (matrix[r * width + c] ?? 0) * (x[c] ?? 0)).reduce(
        (a, b) => a + b,
      ),
    )
  const stored = Array.from(mask, (keep, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns]
    const byte = blocks[row * (columns / 2) + Math.floor(column / 2)] as number
    const q = column % 2 === 0 ? byte & 15 : byte >> 4
    return keep * (q - 8) * (scales[row * (columns / 32) + Math.floor(column / 32)] as number)
  })
  for (const [i, w] of stored.entries()) expect(masked?.data[i]).toBeCloseTo(w, 12)
  const [a, b] = ['A', 'B'].map(
    (kind) => adapter[`base_model.model.${PATH}.lora_${kind}.weight`]?.values ?? [],
  ) as [number[], number[]]
  for (let token = 0; token < 10; token++) {
    const x = read?.data.slice(token * columns, (token + 1) * columns) ?? []
    const update = product(b, 2, product(a, columns, x))
    for (const [i, w] of product(stored, columns, x).entries())
      expect(found?.data[token * rows + i]).toBeCloseTo(w + 2 * (update[i] as number), 8)
  }
})
