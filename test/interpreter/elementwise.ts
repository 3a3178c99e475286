import { broadcast, build, getBroadcast, type NdArray } from './array.ts'
import type { Evaluate } from './evaluate.ts'

/** 2/sqrt(pi) e^(-x^2) (x + 2/3 x^3 + 4/15 x^5 + ...): every term has the sign of x. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x)
  let term = x
  let sum = 0
  for (let n = 1; sum + term !== sum; n++) {
    sum += term
    term *= (2 * x * x) / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

const gelu = (x: number): number => (x * (1 + erf(x / Math.SQRT2))) / 2

const geluTanh = (x: number): number =>
  (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))) / 2

const map = (x: NdArray, f: (x: number) => number): NdArray => ({
  shape: x.shape,
  data: x.data.map(f),
})

const unary =
  (f: (x: number) => number): Evaluate =>
  ([x]) =>
    map(x as NdArray, f)

const binary =
  (f: (a: number, b: number) => number): Evaluate =>
  ([a, b]) => {
    const [x, y] = [a as NdArray, b as NdArray]
    const shape = broadcast(x.shape, y.shape)
    return build(shape, (index) => f(getBroadcast(x, index), getBroadcast(y, index)))
  }

const where: Evaluate = ([c, a, b]) => {
  const [condition, x, y] = [c as NdArray, a as NdArray, b as NdArray]
  return build(broadcast(condition.shape, x.shape, y.shape), (index) =>
    getBroadcast(condition, index) ? getBroadcast(x, index) : getBroadcast(y, index),
  )
}

const isFloat = (dtype: unknown) => dtype === 'float32' || dtype === 'float16'

const cast: Evaluate = ([x], { attrs }) => {
  const { dtype } = attrs as { dtype: string }
  if (isFloat(dtype)) return x as NdArray
  return map(x as NdArray, dtype === 'bool' ? (v) => Number(v !== 0) : Math.trunc)
}

const div: Evaluate = (inputs, node, size) => {
  const quotient = binary((a, b) => a / b)(inputs, node, size) as NdArray
  return isFloat(node.outputs[0]?.dtype) ? quotient : map(quotient, Math.trunc)
}

export const elementwise: Record<string, Evaluate> = {
  neg: unary((x) => -x),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  reciprocal: unary((x) => 1 / x),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
  floor: unary(Math.floor),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tanh: unary(Math.tanh),
  sigmoid: unary(sigmoid),
  relu: unary((x) => Math.max(x, 0)),
  erf: unary(erf),
  not: unary((x) => Number(!x)),
  gelu: ([x], { attrs }) =>
    map(x as NdArray, (attrs as { approximate: string }).approximate === 'tanh' ? geluTanh : gelu),
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div,
  pow: binary((a, b) => a ** b),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  equal: binary((a, b) => Number(a === b)),
  less: binary((a, b) => Number(a < b)),
  lessEqual: binary((a, b) => Number(a <= b)),
  greater: binary((a, b) => Number(a > b)),
  greaterEqual: binary((a, b) => Number(a >= b)),
  and: binary((a, b) => Number(a && b)),
  or: binary((a, b) => Number(a || b)),
  where,
  cast,
}
