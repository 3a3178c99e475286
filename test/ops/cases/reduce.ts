import {
  cumulativeSum,
  layerNorm,
  logSoftmax,
  max,
  mean,
  min,
  mul,
  rmsNorm,
  softmax,
  sum,
} from '../../../src/graph/index.ts'
import { at } from '../../../src/graph/tensor.ts'
import { exactly, floats } from '../../interpreter/values.ts'
import { type Case, op } from '../case.ts'

const x = () => ({ x: floats([2, 3, 4]) })
const normed = () => ({ x: floats([2, 3, 8]), scale: floats([8]), shift: floats([8]) })

export const reduceCases: Case[] = [
  op('sum', x(), ({ x }) => [sum(x), sum(x, 1), sum(x, -1, true), sum(x, [0, 2])]),
  op('mean', x(), ({ x }) => [mean(x), mean(x, 0), mean(x, [1, 2], true)]),
  op('max', x(), ({ x }) => [max(x), max(x, 1), max(x, [0, 2], true)]),
  op('min', x(), ({ x }) => [min(x), min(x, -1)]),
  op('max, shared', { x: exactly('float32', [2, 3], [1, 3, 3, 2, 2, 2]) }, ({ x }) => max(x, 1), {
    order: 0,
  }),
  op('sum of a square', x(), ({ x }) => sum(mul(x, x), 1)),
  op('softmax', x(), ({ x }) => softmax(x)),
  op('softmax, middle axis', x(), ({ x }) => softmax(x, 1)),
  op('softmax, large', { x: floats([2, 5], 90, 100) }, ({ x }) => softmax(x), { order: 1 }),
  op('logSoftmax', x(), ({ x }) => logSoftmax(x)),
  op('logSoftmax, first axis', x(), ({ x }) => logSoftmax(x, 0)),
  op('cumulativeSum', x(), ({ x }) => [cumulativeSum(x, 1), cumulativeSum(mul(x, x), -1, true)]),
  op('layerNorm', normed(), ({ x, scale, shift }) => layerNorm(x, scale, shift)),
  op('layerNorm without shift', normed(), ({ x, scale }) => layerNorm(x, scale)),
  op('layerNorm, all outputs', normed(), ({ x, scale, shift }) => [
    ...layerNorm(x, scale, shift).node.outputs,
  ]),
  op('layerNorm, mean alone', normed(), ({ x, scale }) => at(layerNorm(x, scale).node.outputs, 1)),
  op('layerNorm, inverse alone', normed(), ({ x, scale }) =>
    at(layerNorm(x, scale).node.outputs, 2),
  ),
  op('rmsNorm', normed(), ({ x, scale }) => rmsNorm(x, scale)),
  op('rmsNorm, all outputs', normed(), ({ x, scale }) => [...rmsNorm(x, scale).node.outputs]),
  op('rmsNorm, inverse alone', normed(), ({ x, scale }) => at(rmsNorm(x, scale).node.outputs, 1)),
]
