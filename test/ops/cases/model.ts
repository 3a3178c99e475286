import {
  add,
  cachedAttention,
  cachedHeadDim,
  crossEntropy,
  dropout,
  exp,
  linear,
  linearCrossEntropy,
  matmul,
  mul,
  recompute,
  rmsNorm,
  rotary,
  silu,
  split,
  sum,
  type Tensor,
} from '../../../src/graph/index.ts'
import { attention } from '../../../src/nn/index.ts'
import { exactly, floats, type Value } from '../../interpreter/values.ts'
import { type Case, op } from '../case.ts'

const heads = (groups: number, keys = 3) => ({
  q: floats([2, 4, 3, 2]),
  k: floats([2, groups, keys, 2]),
  v: floats([2, groups, keys, 5]),
})

const angles = Array.from({ length: 3 * 2 }, (_, i) => 0.7 * i)
const turns = {
  cos: exactly(
    'float32',
    [3, 2],
    angles.map((x) => Math.fround(Math.cos(x))),
  ),
  sin: exactly(
    'float32',
    [3, 2],
    angles.map((x) => Math.fround(Math.sin(x))),
  ),
}

const targets = () => ({
  logits: floats([5, 4], -3, 3),
  targets: exactly('int32', [5], [3, 0, -100, 1, 1]),
})

const projected = () => ({
  x: floats([5, 3]),
  weight: floats([4, 3]),
  targets: exactly('int32', [5], [3, 0, -100, 1, 1]),
})

const key = exactly('float32', [3], [1234, 77, 2020])

/** A decoding step with a cache of 6 positions; `last` holds each sequence's last position. */
function cachedCase(
  name: string,
  length: number,
  last: readonly number[],
  headDim: number,
  kvHeads: number,
  options: { softcap?: number; window?: number } = {},
  more: Record<string, Value> = {},
): Case {
  const batch = last.length
  const cache = [batch, kvHeads, 6, cachedHeadDim(headDim, true)]
  return op(
    `cachedAttention, ${name}, ${kvHeads} key heads`,
    {
      q: floats([batch, length, 2 * headDim]),
      k: floats([batch, length, kvHeads * headDim]),
      v: floats([batch, length, kvHeads * headDim]),
      keys: floats(cache),
      values: floats(cache),
      lastPosition: exactly('int32', [batch], last),
      total: exactly('int32', [], [Math.max(...last) + 1]),
      cos: floats([6, headDim / 2], -1, 1),
      sin: floats([6, headDim / 2], -1, 1),
      ...more,
    },
    ({ q, k, v, keys, values, lastPosition, total, cos, sin, ...more }) => {
      const sizes = { heads: 2, kvHeads, headDim, rotary: { cos, sin }, ...options, ...more }
      const step = cachedAttention(q, k, v, { keys, values }, { lastPosition, total }, sizes)
      return [step.output, step.keys, step.values]
    },
    {
      order: 0,
      by: [],
      inPlace: { 1: 'keys', 2: 'values' },
      usesHost: 'bias' in more,
      ...(options.softcap && { webgpuRefusal: 'softcap' }),
    },
  )
}

export const modelCases: Case[] = [
  op('attention', heads(4), ({ q, k, v }) => attention(q, k, v)),
  op('attention, causal', heads(4), ({ q, k, v }) => attention(q, k, v, { causal: true })),
  op('attention, grouped heads', heads(2), ({ q, k, v }) => attention(q, k, v, { causal: true })),
  op('attention, one key head', heads(1), ({ q, k, v }) => attention(q, k, v, { scale: 0.3 })),
  op('attention, longer keys', heads(2, 5), ({ q, k, v }) => attention(q, k, v, { causal: true })),
  op('attention, softcap', heads(2), ({ q, k, v }) =>
    attention(q, k, v, { causal: true, softcap: 0.7 }),
  ),
  op('attention, window', heads(2, 5), ({ q, k, v }) =>
    attention(q, k, v, { causal: true, window: 2 }),
  ),
  op('attention, window both ways', heads(2), ({ q, k, v }) => attention(q, k, v, { window: 2 })),
  op('attention, sinks', { ...heads(2), sinks: floats([4]) }, ({ q, k, v, sinks }) =>
    attention(q, k, v, { causal: true, sinks }),
  ),
  ...[4, 2].map((groups) =>
    op(
      `attention, open sizes, ${groups} key heads`,
      {
        q: floats([2, 4, 3, 2], -2, 2, ['batch', 4, 'length', 2]),
        k: floats([2, groups, 5, 2], -2, 2, ['batch', groups, 'keys', 2]),
        v: floats([2, groups, 5, 5], -2, 2, ['batch', groups, 'keys', 5]),
        bias: floats([2, 1, 1, 5], -2, 2, ['batch', 1, 1, 'keys']),
        sinks: floats([4]),
      },
      ({ q, k, v, bias, sinks }) => attention(q, k, v, { bias, softcap: 2, sinks }),
      { order: 1, usesHost: true },
    ),
  ),
  op('attention, bias', { ...heads(2), bias: floats([2, 1, 3, 3]) }, ({ q, k, v, bias }) =>
    attention(q, k, v, { bias }),
  ),
  op(
    'attention, mask and dropout',
    {
      ...heads(2),
      bias: exactly('float32', [3, 3], [0, -1e30, -1e30, 0, 0, -1e30, 0, -1e30, 0]),
      key,
    },
    ({ q, k, v, bias, key }) =>
      attention(q, k, v, {
        causal: true,
        bias,
        drop: (w) => dropout(w, 0.4, { key, position: 3 }),
      }),
    { order: 1, by: ['q', 'k', 'v', 'bias'] },
  ),
  op('rotary', { x: floats([2, 2, 3, 4]), ...turns }, ({ x, cos, sin }) => rotary(x, cos, sin), {
    by: ['x'],
  }),
  op('crossEntropy', targets(), ({ logits, targets }) => crossEntropy(logits, targets)),
  op('crossEntropy, smoothed', targets(), ({ logits, targets }) =>
    crossEntropy(logits, targets, { labelSmoothing: 0.2 }),
  ),
  op(
    'crossEntropy, all ignored',
    {
      logits: floats([2, 3]),
      targets: exactly('int32', [2], [-100, -1]),
    },
    ({ logits, targets }) => crossEntropy(logits, targets),
  ),
  op(
    'crossEntropy, large logits',
    {
      logits: floats([3, 4], -200, 200),
      targets: exactly('int32', [3], [0, 1, 2]),
    },
    ({ logits, targets }) => sum(crossEntropy(logits, targets)),
    { order: 1 },
  ),
  op('dropout', { x: floats([4, 6]), key }, ({ x, key }) => dropout(x, 0.5, { key, position: 0 }), {
    by: ['x'],
  }),
  op(
    'dropout of whole samples',
    { x: floats([6, 2, 3]), key },
    ({ x, key }) => dropout(x, 0.5, { key, position: 1 }, [6, 1, 1]),
    { by: ['x'] },
  ),
  ...[2, 5, 8].map((chunk) =>
    op(
      `linearCrossEntropy in chunks of ${chunk}`,
      { ...projected(), weights: floats([5], 0.1, 1) },
      ({ x, weight, targets, weights }) =>
        linearCrossEntropy(x, weight, targets, { weights, chunk }).loss,
      { order: 1 },
    ),
  ),
  op(
    'linearCrossEntropy, with a bias and bounded logits',
    { ...projected(), bias: floats([4]) },
    ({ x, weight, targets, bias }) =>
      linearCrossEntropy(x, weight, targets, { bias, softcap: 1.5, chunk: 2 }).loss,
    { order: 1 },
  ),
  op(
    'linearCrossEntropy, smoothed',
    { ...projected(), weights: exactly('float32', [], [0.25]) },
    ({ x, weight, targets, weights }) =>
      linearCrossEntropy(x, weight, targets, { weights, chunk: 2, labelSmoothing: 0.1 }).loss,
    { order: 1 },
  ),
  ...[2, 5].map((chunk) =>
    op(
      `linearCrossEntropy, losses of rows in chunks of ${chunk}`,
      { ...projected(), weights: floats([5], 0.1, 1), bias: floats([4]) },
      ({ x, weight, targets, weights, bias }) => {
        const options = { weights, bias, chunk, softcap: 1.5, labelSmoothing: 0.1 }
        const { loss, losses } = linearCrossEntropy(x, weight, targets, options)
        return [loss, exp(losses)]
      },
      { order: 1 },
    ),
  ),
  op(
    'linearCrossEntropy, losses of rows alone',
    projected(),
    ({ x, weight, targets }) => linearCrossEntropy(x, weight, targets, { chunk: 2 }).losses,
    { order: 1 },
  ),
  ...[false, true].map((nested) =>
    op(
      nested ? 'recompute inside recompute' : 'recompute',
      { x: floats([3, 4]), scale: floats([4]), up: floats([4, 4]), key },
      ({ x, scale, up, key }) => {
        const layer = (x: Tensor, position: number) => {
          const hidden = silu(linear(rmsNorm(x, scale), up))
          return add(x, dropout(hidden, 0.4, { key, position }))
        }
        const first = recompute(layer(x, 0), [x])
        const second = layer(first, 1)
        return nested ? recompute(second, [x]) : recompute(second, [first])
      },
      { by: ['x', 'scale', 'up'] },
    ),
  ),
  op(
    'recompute of tensors that also lead elsewhere',
    { x: floats([4, 4]), w: floats([4, 4]) },
    ({ x, w }) => {
      const [a, b] = split(matmul(x, w), [2, 2], 0) as [Tensor, Tensor]
      const y = recompute(mul(matmul(a, w), exp(b)), [a])
      return [add(y, a), recompute(mul(y, y), [y]), recompute(x, [x])]
    },
  ),
  ...(
    [
      ['one token each', 1, [4, 2], 16],
      ['one token, heads padded', 1, [4, 2], 6],
      ['more tokens of one sequence', 3, [4], 16],
      ['all tokens of two sequences', 3, [2, 2], 16],
    ] as const
  ).flatMap(([name, length, last, headDim]) =>
    [1, 2].map((kvHeads) => cachedCase(name, length, last, headDim, kvHeads)),
  ),
  cachedCase('softcap', 1, [4, 2], 16, 1, { softcap: 0.5 }),
  cachedCase('window of 2, one token each', 1, [4, 2], 16, 1, { window: 2 }),
  cachedCase('window of 2, more tokens of one sequence', 3, [4], 16, 1, { window: 2 }),
  cachedCase('window of 2, all tokens', 4, [3], 16, 1, { window: 2 }),
  cachedCase('bias', 1, [4, 2], 16, 1, {}, { bias: floats([2, 2, 1, 6]) }),
  cachedCase('bias for all sequences', 3, [4], 16, 1, {}, { bias: floats([1, 2, 3, 6]) }),
  cachedCase('sinks', 1, [4, 2], 16, 1, {}, { sinks: floats([2]) }),
  cachedCase('sinks, more tokens', 3, [4], 16, 1, {}, { sinks: floats([2]) }),
]
