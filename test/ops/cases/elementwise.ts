import {
  abs,
  add,
  and,
  cast,
  cos,
  div,
  equal,
  erf,
  exp,
  floor,
  gelu,
  geluTanh,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  not,
  or,
  pow,
  reciprocal,
  relu,
  sigmoid,
  sign,
  silu,
  sin,
  sqrt,
  stopGradient,
  sub,
  tanh,
  where,
} from '../../../src/graph/index.ts'
import { exactly, floats } from '../../interpreter/values.ts'
import { type Case, op } from '../case.ts'

const x = () => ({ x: floats([3, 5]) })
const positive = () => ({ x: floats([3, 5], 0.3, 3) })
const pair = () => ({ a: floats([3, 5]), b: floats([3, 5]) })
const flags = { dtype: 'bool', no: [0, 1, 0, 1], yes: [0, 0, 1, 1] } as const
const truths = () => ({
  a: exactly('bool', [4], flags.no),
  b: exactly('bool', [4], flags.yes),
})
const integers = (dtype: 'int32' | 'int64') => ({
  a: exactly(dtype, [6], [-3, -1, 0, 1, 5, 7]),
  b: exactly(dtype, [6], [2, -1, 3, 1, -5, 7]),
})

export const elementwiseCases: Case[] = [
  op('neg', x(), ({ x }) => neg(x)),
  op('exp', x(), ({ x }) => exp(x)),
  op('log', positive(), ({ x }) => log(x)),
  op('sqrt', positive(), ({ x }) => sqrt(x)),
  op('reciprocal', positive(), ({ x }) => reciprocal(x)),
  op('abs', x(), ({ x }) => abs(x)),
  op('sign', x(), ({ x }) => sign(x)),
  op('floor', x(), ({ x }) => floor(x)),
  op('sin', x(), ({ x }) => sin(x), { webgpuTolerance: 2 ** -11 }),
  op('cos', x(), ({ x }) => cos(x), { webgpuTolerance: 2 ** -11 }),
  op('tanh', x(), ({ x }) => tanh(x)),
  op('sigmoid', x(), ({ x }) => sigmoid(x)),
  op('relu', x(), ({ x }) => relu(x)),
  op('erf', x(), ({ x }) => erf(x)),
  op('gelu', x(), ({ x }) => gelu(x)),
  op('gelu far out', { x: floats([8], -9, 9) }, ({ x }) => gelu(x)),
  op('geluTanh', x(), ({ x }) => geluTanh(x)),
  op('geluTanh far out', { x: floats([8], -9, 9) }, ({ x }) => geluTanh(x)),
  op('silu', x(), ({ x }) => silu(x)),
  op('add', pair(), ({ a, b }) => add(a, b)),
  op('sub', pair(), ({ a, b }) => sub(a, b)),
  op('mul', pair(), ({ a, b }) => mul(a, b)),
  op('div', { a: floats([3, 5]), b: floats([3, 5], 0.5, 2) }, ({ a, b }) => div(a, b)),
  op('pow', { a: floats([3, 5], 0.5, 2), b: floats([3, 5]) }, ({ a, b }) => pow(a, b)),
  op('pow by numbers', positive(), ({ x }) => [pow(x, 2), pow(x, 3), pow(x, 0.5), pow(x, 1)]),
  op('add, broadcast', { a: floats([2, 1, 4]), b: floats([3, 1]) }, ({ a, b }) => add(a, b)),
  op('sub, broadcast', { a: floats([4]), b: floats([2, 3, 4]) }, ({ a, b }) => sub(a, b)),
  op('mul, broadcast', { a: floats([2, 3, 4]), b: floats([]) }, ({ a, b }) => mul(a, b)),
  op('div, broadcast', { a: floats([1, 4]), b: floats([3, 1], 0.5, 2) }, ({ a, b }) => div(a, b)),
  op('numbers', x(), ({ x }) => [add(x, 2), sub(1, x), mul(-3, x), div(x, 4), div(1, add(x, 9))]),
  op('chain of factors', x(), ({ x }) => mul(neg(mul(mul(x, 2), -0.25)), 3)),
  op('sum of negations', pair(), ({ a, b }) => [add(neg(a), b), add(a, neg(b)), sub(a, neg(b))]),
  op('maximum', pair(), ({ a, b }) => maximum(a, b)),
  op('minimum', pair(), ({ a, b }) => minimum(a, b)),
  op('maximum with a number', x(), ({ x }) => maximum(minimum(x, 1), -1)),
  op(
    'compare',
    pair(),
    ({ a, b }) => [
      less(a, b),
      lessEqual(a, b),
      greater(a, b),
      greaterEqual(a, b),
      equal(a, b),
      equal(a, a),
    ],
    { order: 0 },
  ),
  ...(['int32', 'int64'] as const).flatMap((dtype) => [
    op(
      `comparison of ${dtype}`,
      integers(dtype),
      ({ a, b }) => [
        less(a, b),
        lessEqual(a, b),
        greater(a, b),
        greaterEqual(a, b),
        equal(a, b),
        maximum(a, b),
        minimum(a, 2),
      ],
      { order: 0, usesHost: dtype === 'int64' },
    ),
    op(
      `arithmetic of ${dtype}`,
      integers(dtype),
      ({ a, b }) => [add(a, b), sub(a, b), mul(a, b), div(a, b), neg(a)],
      { order: 0, usesHost: dtype === 'int64' },
    ),
  ]),
  op('logic', truths(), ({ a, b }) => [and(a, b), or(a, b), not(a)], { order: 0 }),
  op('where', { ...pair(), c: exactly('bool', [5], [1, 0, 1, 1, 0]) }, ({ a, b, c }) =>
    where(c, a, b),
  ),
  op('where, broadcast', { a: floats([4]), b: floats([2, 1]) }, ({ a, b }) =>
    where(greater(a, b), mul(a, a), b),
  ),
  op('where with a number', x(), ({ x }) => where(greater(x, 0), mul(x, x), 1)),
  op(
    'cast',
    { x: exactly('float32', [6], [-1.5, -0.5, 0.25, 0.5, 1.125, 2.75]) },
    ({ x }) => [
      cast(x, 'int64'),
      cast(x, 'int32'),
      cast(x, 'bool'),
      cast(cast(x, 'int32'), 'float32'),
    ],
    { order: 1 },
  ),
  op('cast to int64 and back', { x: floats([6]) }, ({ x }) => cast(cast(x, 'int64'), 'float32'), {
    usesHost: true,
  }),
  op('product of whole numbers', { x: floats([6]) }, ({ x }) => {
    const whole = cast(x, 'int32')
    return cast(mul(whole, whole), 'float32')
  }),
  op('cast of truth values', truths(), ({ a }) => [cast(a, 'float32'), cast(a, 'int64')], {
    order: 0,
  }),
  op('stopGradient', pair(), ({ a, b }) => mul(stopGradient(mul(a, a)), b), { by: ['b'] }),
]
