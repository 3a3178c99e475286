import { describe, expect, test } from 'vitest'
import { evaluate } from '../../test/interpreter/evaluate.ts'
import { tinyWeights } from '../../test/tiny-decoder.ts'
import { input } from '../graph/index.ts'
import { INITIALIZATIONS, type Initialization } from '../nn/index.ts'
import { Random } from '../random.ts'
import { Decoder } from './decoder.ts'
import { type DecoderConfig, llamaConfig } from './decoder-config.ts'
import { initialize, parameterMemory } from './parameters.ts'

type Matrix = number[][]

const IDS = [3, 1, 4, 1]
const [DIM, VOCABULARY] = [4, 7]

/** One layer, one head, no positions and no norm: what is left can be written down by hand. */
const bare = llamaConfig({
  vocabSize: VOCABULARY,
  context: 8,
  layers: 1,
  dim: DIM,
  heads: 1,
  hiddenDim: 6,
  positions: 'none',
  norm: 'none',
  gated: false,
  tied: true,
})

function logitsOf(config: DecoderConfig) {
  const model = new Decoder(config)
  const weights = tinyWeights(model)
  const feeds = [...model.parameters()].map(([name, { shape }]) => {
    return [name, { shape, values: weights[name] as Float32Array }] as const
  })
  const ids = input('ids', 'int32', [1, IDS.length])
  const [logits] = evaluate([model.logits(model.hidden(ids))], {
    ...Object.fromEntries(feeds),
    ids: { shape: [1, IDS.length], values: IDS },
  })
  const matrix = (name: string): Matrix => {
    const [rows = 0, columns = 0] = model.parameters().get(name)?.shape ?? []
    const values = weights[name] as Float32Array
    return Array.from({ length: rows }, (_, r) => [
      ...values.subarray(r * columns, (r + 1) * columns),
    ])
  }
  return { logits: Array.from(logits?.data ?? []), matrix, names: [...model.parameters().keys()] }
}

const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0)
const times = (x: Matrix, w: Matrix): Matrix => x.map((row) => w.map((out) => dot(row, out)))
const plus = (a: Matrix, b: Matrix): Matrix =>
  a.map((row, i) => row.map((x, j) => x + (b[i]?.[j] as number)))

/** Turns pairs (i, i + d / 2) of each row by position / theta ^ (2 i / d). */
const rotated = (x: Matrix, theta: number): Matrix =>
  x.map((row, position) => {
    const half = row.length / 2
    return row.map((value, i) => {
      const angle = position * theta ** (-(2 * (i % half)) / row.length)
      const other = i < half ? -(row[i + half] as number) : (row[i - half] as number)
      return value * Math.cos(angle) + other * Math.sin(angle)
    })
  })

/** softmax(Q Kᵀ / sqrt(d)) V of what came before, in float64. */
function attention(x: Matrix, matrix: (name: string) => Matrix, theta?: number): Matrix {
  const project = (name: string) => times(x, matrix(`model.layers.0.self_attn.${name}.weight`))
  const turned = (name: string) => (theta ? rotated(project(name), theta) : project(name))
  const [q, k, v] = [turned('q_proj'), turned('k_proj'), project('v_proj')]
  const mixed = q.map((query, t) => {
    const weights = k.slice(0, t + 1).map((key) => Math.exp(dot(query, key) / Math.sqrt(DIM)))
    const total = weights.reduce((a, b) => a + b, 0)
    return Array.from({ length: DIM }, (_, i) =>
      weights.reduce((sum, w, s) => sum + (w / total) * (v[s]?.[i] as number), 0),
    )
  })
  return times(mixed, matrix('model.layers.0.self_attn.o_proj.weight'))
}

/** The whole model by hand; `activate`: undefined where there is no feed-forward network. */
function expected(
  matrix: (name: string) => Matrix,
  options: { activate?: (x: number) => number; output?: string; theta?: number },
) {
  const { activate, output = 'model.embed_tokens.weight', theta } = options
  const embedded = IDS.map((id) => matrix('model.embed_tokens.weight')[id] as number[])
  let x = plus(embedded, attention(embedded, matrix, theta))
  if (activate) {
    const wide = times(x, matrix('model.layers.0.mlp.up_proj.weight'))
    const hidden = wide.map((row) => row.map(activate))
    x = plus(x, times(hidden, matrix('model.layers.0.mlp.down_proj.weight')))
  }
  return times(x, matrix(output)).flat()
}

describe('options of a stack, against layers written by hand in float64', () => {
  const relu = (x: number) => Math.max(0, x)
  test.each<[string, Partial<DecoderConfig>, Parameters<typeof expected>[1]]>([
    ['attention alone', { feedForward: 'none' }, {}],
    ['no norm, ReLU', { activation: 'relu' }, { activate: relu }],
    ['SiLU', { activation: 'silu' }, { activate: (x) => x / (1 + Math.exp(-x)) }],
    ['tanh', { activation: 'tanh' }, { activate: Math.tanh }],
    ['an output of its own', { tied: false, feedForward: 'none' }, { output: 'lm_head.weight' }],
    [
      'rotary positions of base 50',
      { positions: 'rotary', ropeTheta: 50, feedForward: 'none' },
      { theta: 50 },
    ],
  ])('%s', (_, options, way) => {
    const { logits, matrix, names } = logitsOf({ ...bare, ...options })
    for (const [i, x] of expected(matrix, way).entries()) expect(logits[i]).toBeCloseTo(x, 6)
    expect(names.filter((name) => name.includes('norm'))).toEqual([])
    expect(names.some((name) => name.includes('.mlp.'))).toBe(way.activate !== undefined)
  })

  test('experts are feed-forward networks', () => {
    const experts = { count: 2, perToken: 1, hiddenDim: 6, normalized: true, balance: 0 }
    expect(() => new Decoder({ ...bare, feedForward: 'none', experts })).toThrow(
      'feedForward is none, and experts are feed-forward networks',
    )
  })
})

describe('how matrices start', () => {
  const config = llamaConfig({
    vocabSize: 300,
    context: 8,
    layers: 2,
    dim: 64,
    heads: 2,
    hiddenDim: 256,
  })
  const deviations = (scheme: Initialization) => {
    const memory = parameterMemory(new Decoder(config))
    initialize(new Decoder(config), new Random(5), (name) => memory[name] as Float32Array, scheme)
    return (name: string) => {
      const values = memory[name] as Float32Array
      return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length)
    }
  }
  const [UP, DOWN] = ['model.layers.0.mlp.up_proj.weight', 'model.layers.1.mlp.down_proj.weight']
  // Of 64 inputs and 256 outputs; a uniform distribution deviates by its bound / sqrt(3).
  test.each<[Initialization, number, number]>([
    ['lecun', 1 / 8, 1 / 16],
    ['gpt2', 0.02, 0.02],
    ['xavier', Math.sqrt(2 / 320), Math.sqrt(2 / 320)],
    ['kaiming', Math.sqrt(2 / 64), Math.sqrt(2 / 256)],
    ['pytorch', 1 / 8 / Math.sqrt(3), 1 / 16 / Math.sqrt(3)],
  ])('%s', (scheme, up, down) => {
    const of = deviations(scheme)
    expect(of(UP) / up).toBeCloseTo(1, 1)
    // Four projections lead into the residual stream.
    expect(of(DOWN) / (down / 2)).toBeCloseTo(1, 1)
    expect(of('model.norm.weight')).toBe(1)
    expect(Object.keys(INITIALIZATIONS)).toContain(scheme)
  })
})
