import { broadcastShapes, isFixed, sameShape } from '../dim.ts'
import { DTYPES, type DType, FLOATS, NUMBERS } from '../dtype.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, at, checkDTypes, type Node, type Op, ShapeError, type Tensor } from '../tensor.ts'
import { sumTo } from './broadcast.ts'
import { constant, uniformValue } from './leaf.ts'

/** A tensor, or a number that stands for a scalar of the other operand's dtype. */
export type Operand = Tensor | number

type Gradient = (g: Tensor, x: Tensor, y: Tensor) => Tensor

interface UnaryOptions extends Pick<Op, 'onnx'> {
  takes?: readonly DType[]
  /** For constants. */
  compute?: (x: number) => number
}

function unary(
  name: string,
  type: string,
  gradient?: Gradient,
  { takes = FLOATS, compute, onnx }: UnaryOptions = {},
): (x: Tensor) => Tensor {
  const op: Op = {
    name,
    infer: (inputs) => {
      checkDTypes(name, inputs, takes)
      return { dtype: at(inputs, 0).dtype, shape: at(inputs, 0).shape }
    },
    onnx: onnx ?? ((node, emit) => emit.node(type, node.inputs, node.outputs)),
  }
  if (gradient) op.vjp = (node, [g]) => [g && gradient(g, at(node.inputs, 0), at(node.outputs, 0))]
  if (compute) op.simplify = (node) => folded(node, ([x]) => compute(x as number))
  return (x) => apply(op, [x], {})
}

/** The constant that a node on uniform constants comes to, rounded as the engine would. */
function folded(node: Node, compute: (values: number[]) => number): Tensor | undefined {
  const { dtype, shape } = at(node.outputs, 0)
  const values = node.inputs.flatMap((x) => uniformValue(x) ?? [])
  if (dtype !== 'float32' || values.length < node.inputs.length || !isFixed(shape)) return undefined
  return constant(Math.fround(compute(values)), shape, dtype)
}

export const neg = unary('neg', 'Neg', (g) => neg(g), {
  takes: NUMBERS,
  compute: (x) => -x,
  onnx: ({ inputs, outputs }, emit) => {
    const x = at(inputs, 0)
    // WebGPU negates floats only.
    if (emit.target !== 'webgpu' || isFloat(x)) emit.node('Neg', inputs, outputs)
    else emit.node('Sub', [emit.constant(x.dtype, [], [0]), x], outputs)
  },
})
export const exp = unary('exp', 'Exp', (g, _, y) => mul(g, y))
export const log = unary('log', 'Log', (g, x) => div(g, x))
export const sqrt = unary('sqrt', 'Sqrt', (g, _, y) => div(mul(g, 0.5), y), { compute: Math.sqrt })
export const reciprocal = unary('reciprocal', 'Reciprocal', (g, _, y) => neg(mul(g, mul(y, y))), {
  compute: (x) => 1 / x,
})
export const abs = unary('abs', 'Abs', (g, x) => mul(g, sign(x)), { takes: NUMBERS })
export const sign = unary('sign', 'Sign', undefined, {
  takes: NUMBERS,
  compute: Math.sign,
  onnx: emitSign,
})
export const floor = unary('floor', 'Floor')
export const sin = unary('sin', 'Sin', (g, x) => mul(g, cos(x)))
export const cos = unary('cos', 'Cos', (g, x) => neg(mul(g, sin(x))))
export const tanh = unary('tanh', 'Tanh', (g, _, y) => mul(g, sub(1, mul(y, y))))
export const sigmoid = unary('sigmoid', 'Sigmoid', (g, _, y) => mul(g, mul(y, sub(1, y))))
export const relu = unary('relu', 'Relu', (g, _, y) => mul(g, sign(y)))
/** Gauss error function; its derivative is 2/sqrt(pi) exp(-x^2). */
export const erf = unary('erf', 'Erf', (g, x) =>
  mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
)
export const not = unary('not', 'Not', undefined, { takes: ['bool'] })

/** WebGPU has no Sign: (x > 0) - (x < 0). */
function emitSign({ inputs, outputs }: Node, emit: Emitter): void {
  if (emit.target !== 'webgpu') {
    emit.node('Sign', inputs, outputs)
    return
  }
  const { dtype } = at(inputs, 0)
  const [above, below] = ['Greater', 'Less'].map((type) => {
    const [holds, number] = [emit.temporary(), emit.temporary()]
    emit.node(type, [...inputs, emit.constant(dtype, [], [0])], [holds])
    emit.node('Cast', [holds], [number], { to: DTYPES[dtype].onnx })
    return number
  })
  emit.node('Sub', [above, below], outputs)
}

/** WebGPU has no Or: not (not a and not b). */
function emitOr({ inputs, outputs }: Node, emit: Emitter): void {
  if (emit.target !== 'webgpu') {
    emit.node('Or', inputs, outputs)
    return
  }
  const negated = inputs.map((x) => {
    const result = emit.temporary()
    emit.node('Not', [x], [result])
    return result
  })
  const neither = emit.temporary()
  emit.node('And', negated, [neither])
  emit.node('Not', [neither], outputs)
}

/** Both operands as tensors; a number takes the dtype of the tensor beside it. */
function operands(a: Operand, b: Operand): [Tensor, Tensor] {
  const dtype = typeof a === 'number' ? (typeof b === 'number' ? 'float32' : b.dtype) : a.dtype
  const tensor = (x: Operand) => (typeof x === 'number' ? constant(x, [], dtype) : x)
  return [tensor(a), tensor(b)]
}

function inferBinary(name: string, inputs: readonly Tensor[]) {
  const [a, b] = [at(inputs, 0), at(inputs, 1)]
  const shape = broadcastShapes(a.shape, b.shape)
  if (!shape) throw new ShapeError(name, inputs, 'the shapes do not broadcast')
  if (a.dtype !== b.dtype)
    throw new ShapeError(name, inputs, `the dtypes ${a.dtype} and ${b.dtype} differ`)
  return { dtype: a.dtype, shape }
}

type BinaryGradient = (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => [Tensor, Tensor]

interface BinaryOptions extends Pick<Op, 'simplify' | 'onnx'> {
  takes?: readonly DType[]
  /** Dtype of the result, where it is not that of the operands. */
  result?: DType
}

function binary(
  name: string,
  type: string,
  gradient?: BinaryGradient,
  { takes = NUMBERS, result, simplify, onnx }: BinaryOptions = {},
): (a: Operand, b: Operand) => Tensor {
  const op: Op = {
    name,
    infer: (inputs) => {
      checkDTypes(name, inputs, takes)
      const { dtype, shape } = inferBinary(name, inputs)
      return { dtype: result ?? dtype, shape }
    },
    simplify: (node) => withoutExpand(node) ?? simplify?.(node),
    onnx: onnx ?? ((node, emit) => emit.node(type, node.inputs, node.outputs)),
  }
  if (gradient)
    op.vjp = (node: Node, [g]) => {
      if (!g) return []
      const [a, b] = [at(node.inputs, 0), at(node.inputs, 1)]
      const [da, db] = gradient(g, a, b, at(node.outputs, 0))
      return [sumTo(da, a.shape), sumTo(db, b.shape)]
    }
  return (a, b) => apply(op, operands(a, b), {})
}

/** Operands broadcast by themselves: an expanded one need not be expanded first. */
function withoutExpand(node: Node): Tensor | undefined {
  for (const [i, x] of node.inputs.entries()) {
    const value = x.rank > 0 ? uniformValue(x) : undefined
    const narrow = value === undefined ? argumentOf(x, 'expand') : constant(value, [], x.dtype)
    const whole = narrow && broadcastShapes(narrow.shape, at(node.inputs, 1 - i).shape)
    if (whole && sameShape(whole, at(node.outputs, 0).shape))
      return apply(
        node.op,
        node.inputs.map((input, k) => (k === i ? narrow : input)),
        {},
      )
  }
  return undefined
}

/** The operand that is not the scalar `value`, where that leaves the result as it is. */
function withoutNeutral(node: Node, value: number, places: readonly number[]): Tensor | undefined {
  for (const place of places) {
    const kept = at(node.inputs, 1 - place)
    if (uniformValue(at(node.inputs, place)) !== value) continue
    if (sameShape(kept.shape, at(node.outputs, 0).shape)) return kept
  }
  return undefined
}

/** Input of a node of that op, or undefined. */
const argumentOf = (x: Tensor, name: string): Tensor | undefined =>
  x.node.op.name === name ? at(x.node.inputs, 0) : undefined

export const add = binary('add', 'Add', (g) => [g, g], {
  simplify: (node) => {
    const [a, b] = [at(node.inputs, 0), at(node.inputs, 1)]
    const [negA, negB] = [argumentOf(a, 'neg'), argumentOf(b, 'neg')]
    return (
      folded(node, ([x, y]) => (x as number) + (y as number)) ??
      withoutNeutral(node, 0, [0, 1]) ??
      (negB ? sub(a, negB) : negA ? sub(b, negA) : undefined)
    )
  },
})

export const sub = binary('sub', 'Sub', (g) => [g, neg(g)], {
  simplify: (node) => {
    const [a, b] = [at(node.inputs, 0), at(node.inputs, 1)]
    const negB = argumentOf(b, 'neg')
    return (
      folded(node, ([x, y]) => (x as number) - (y as number)) ??
      withoutNeutral(node, 0, [1]) ??
      (negB ? add(a, negB) : uniformValue(a) === 0 && a.rank === 0 ? neg(b) : undefined)
    )
  },
})

export const mul = binary('mul', 'Mul', (g, a, b) => [mul(g, b), mul(g, a)], {
  simplify: (node) =>
    folded(node, ([x, y]) => (x as number) * (y as number)) ??
    withoutNeutral(node, 1, [0, 1]) ??
    scaledTwice(node),
})

/** (x c) d and (-x) d become x (c d): one pass over x. */
function scaledTwice(node: Node): Tensor | undefined {
  const [inner, factor] = scalarLast(node)
  const outer = scalarOf(factor)
  if (outer === undefined) return undefined
  const negated = argumentOf(inner, 'neg')
  if (negated) return mul(negated, -outer)
  if (inner.node.op.name !== 'mul') return undefined
  const [x, c] = scalarLast(inner.node)
  const value = scalarOf(c)
  return value === undefined ? undefined : mul(x, Math.fround(value * outer))
}

const scalarOf = (x: Tensor) => (x.rank === 0 ? uniformValue(x) : undefined)

const scalarLast = ({ inputs }: Node): [Tensor, Tensor] => {
  const [a, b] = [at(inputs, 0), at(inputs, 1)]
  return scalarOf(a) === undefined ? [a, b] : [b, a]
}

export const div = binary(
  'div',
  'Div',
  (g, _, b, y) => {
    const da = div(g, b)
    return [da, neg(mul(da, y))]
  },
  {
    simplify: (node) =>
      folded(node, ([x, y]) => (x as number) / (y as number)) ?? withoutNeutral(node, 1, [1]),
  },
)
/** a^b; the gradient of b asks for a > 0. */
export const pow = binary(
  'pow',
  'Pow',
  (g, a, b, y) => [mul(g, mul(b, pow(a, sub(b, 1)))), mul(g, mul(y, log(a)))],
  {
    simplify: ({ inputs }) => {
      const x = at(inputs, 0)
      const exponent = scalarOf(at(inputs, 1))
      return exponent === 1 ? x : exponent === 2 ? mul(x, x) : undefined
    },
  },
)
/** Where both are equal, the gradient goes to `a`. */
export const maximum = binary('maximum', 'Max', (g, a, b) => split(g, greaterEqual(a, b)))
export const minimum = binary('minimum', 'Min', (g, a, b) => split(g, lessEqual(a, b)))
export const equal = binary('equal', 'Equal', undefined, {
  takes: [...NUMBERS, 'bool'],
  result: 'bool',
})
export const less = binary('less', 'Less', undefined, { result: 'bool' })
export const lessEqual = binary('lessEqual', 'LessOrEqual', undefined, { result: 'bool' })
export const greater = binary('greater', 'Greater', undefined, { result: 'bool' })
export const greaterEqual = binary('greaterEqual', 'GreaterOrEqual', undefined, { result: 'bool' })
export const and = binary('and', 'And', undefined, { takes: ['bool'], result: 'bool' })
export const or = binary('or', 'Or', undefined, {
  takes: ['bool'],
  result: 'bool',
  onnx: emitOr,
})

const split = (g: Tensor, toFirst: Tensor): [Tensor, Tensor] => {
  const first = cast(toFirst, g.dtype)
  return [mul(g, first), mul(g, sub(1, first))]
}

const whereOp: Op = {
  name: 'where',
  infer: (inputs) => {
    const [condition, a, b] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)]
    if (condition.dtype !== 'bool')
      throw new ShapeError('where', inputs, `the condition is ${condition.dtype}, not bool`)
    const { dtype, shape } = inferBinary('where', [a, b])
    const whole = broadcastShapes(condition.shape, shape)
    if (!whole) throw new ShapeError('where', inputs, 'the shapes do not broadcast')
    return { dtype, shape: whole }
  },
  vjp: (node, [g]) => {
    if (!g) return []
    const [condition, a, b] = [at(node.inputs, 0), at(node.inputs, 1), at(node.inputs, 2)]
    return [
      undefined,
      sumTo(where(condition, g, 0), a.shape),
      sumTo(where(condition, 0, g), b.shape),
    ]
  },
  onnx: (node, emit) => emit.node('Where', node.inputs, node.outputs),
}

/** Elements of `a` where `condition` holds, of `b` elsewhere; all three broadcast. */
export const where = (condition: Tensor, a: Operand, b: Operand): Tensor =>
  apply(whereOp, [condition, ...operands(a, b)], {})

const castOp: Op<{ dtype: DType }> = {
  name: 'cast',
  infer: ([x], { dtype }) => ({ dtype, shape: (x as Tensor).shape }),
  vjp: ({ inputs, outputs }, [g]) => {
    const x = at(inputs, 0)
    return [g && isFloat(x) && isFloat(at(outputs, 0)) ? cast(g, x.dtype) : undefined]
  },
  onnx: (node, emit) =>
    emit.node('Cast', node.inputs, node.outputs, { to: DTYPES[node.attrs.dtype].onnx }),
}

/** The same values in another dtype; the tensor itself where it has it already. */
export const cast = (x: Tensor, dtype: DType): Tensor =>
  x.dtype === dtype ? x : apply(castOp, [x], { dtype })

const isFloat = (x: Tensor) => FLOATS.includes(x.dtype)

const stopGradientOp: Op = {
  name: 'stopGradient',
  infer: ([x]) => ({ dtype: (x as Tensor).dtype, shape: (x as Tensor).shape }),
  simplify: ({ inputs }) => at(inputs, 0),
}

/** The same values, constant to the derivative. */
export const stopGradient = (x: Tensor): Tensor => apply(stopGradientOp, [x], {})
