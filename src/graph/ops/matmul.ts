import { broadcastShapes, isFixed, productOf, type Shape } from '../dim.ts'
import { FLOATS } from '../dtype.ts'
import { type Emitter, MICROSOFT } from '../onnx/emitter.ts'
import { apply, at, checkDTypes, type Node, type Op, ShapeError, type Tensor } from '../tensor.ts'
import { reshape, sumTo } from './broadcast.ts'
import { add } from './elementwise.ts'

export interface MatMulAttrs {
  transposeA: boolean
  transposeB: boolean
  /** Factor on the product. */
  scale: number
}

const swapLast = (shape: Shape): Shape => [
  ...shape.slice(0, -2),
  at(shape, shape.length - 1),
  at(shape, shape.length - 2),
]

function inferMatMul(name: string, inputs: readonly Tensor[], attrs: MatMulAttrs): Shape {
  const [a, b] = [at(inputs, 0), at(inputs, 1)]
  checkDTypes(name, inputs, FLOATS)
  if (a.dtype !== b.dtype)
    throw new ShapeError(name, inputs, `the dtypes ${a.dtype} and ${b.dtype} differ`)
  if (a.rank < 2 || b.rank < 2) throw new ShapeError(name, inputs, 'both need two axes or more')
  const left = attrs.transposeA ? swapLast(a.shape) : a.shape
  const right = attrs.transposeB ? swapLast(b.shape) : b.shape
  const [inner, other] = [at(left, left.length - 1), at(right, right.length - 2)]
  if (inner !== other)
    throw new ShapeError(name, inputs, `the inner dimensions ${inner} and ${other} differ`)
  const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2))
  if (!batch) throw new ShapeError(name, inputs, 'the batch dimensions do not broadcast')
  return [...batch, at(left, left.length - 2), at(right, right.length - 1)]
}

export const matmulOp: Op<MatMulAttrs> = {
  name: 'matmul',
  infer: (inputs, attrs) => ({
    dtype: at(inputs, 0).dtype,
    shape: inferMatMul('matmul', inputs, attrs),
  }),
  vjp: ({ inputs, attrs: { transposeA, transposeB, scale } }, [g]) => {
    if (!g) return []
    const [a, b] = [at(inputs, 0), at(inputs, 1)]
    const da = transposeA
      ? matmul(b, g, { transposeA: transposeB, transposeB: true, scale })
      : matmul(g, b, { transposeB: !transposeB, scale })
    const db = transposeB
      ? matmul(g, a, { transposeA: true, transposeB: transposeA, scale })
      : matmul(a, g, { transposeA: !transposeA, scale })
    return [sumTo(da, a.shape), sumTo(db, b.shape)]
  },
  onnx: (node, emit) => emitMatMul(node, emit),
}

function emitMatMul({ inputs, outputs, attrs }: Node<MatMulAttrs>, emit: Emitter): void {
  const { transposeA, transposeB, scale } = attrs
  if (!transposeA && !transposeB && scale === 1) {
    emit.node('MatMul', inputs, outputs)
  } else if (emit.target === 'webgpu' || emit.target === 'standard') {
    emitPlain(inputs, outputs, attrs, emit)
  } else {
    const flags = {
      transA: Number(transposeA),
      transB: Number(transposeB),
      alpha: { float: scale },
    }
    emit.node('FusedMatMul', inputs, outputs, flags, MICROSOFT)
  }
}

/**
 * For engines without FusedMatMul: a matrix product of two-axis operands is a Gemm, others
 * transpose.
 */
function emitPlain(
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  { transposeA, transposeB, scale }: MatMulAttrs,
  emit: Emitter,
): void {
  const [a, b] = [at(inputs, 0), at(inputs, 1)]
  if (a.rank === 2 && b.rank === 2) {
    const flags = {
      transA: Number(transposeA),
      transB: Number(transposeB),
      alpha: { float: scale },
    }
    emit.node('Gemm', inputs, outputs, flags)
    return
  }
  const transposed = (x: Tensor) => {
    const result = emit.temporary()
    const perm = x.shape.map((_, i) => i)
    perm.push(...perm.splice(-2).reverse())
    emit.node('Transpose', [x], [result], { perm })
    return result
  }
  const product = scale === 1 ? outputs : [emit.temporary()]
  emit.node('MatMul', [transposeA ? transposed(a) : a, transposeB ? transposed(b) : b], product)
  if (scale !== 1) emit.node('Mul', [product[0], emit.constant(a.dtype, [], [scale])], outputs)
}

/** Matrix product of the last two axes; the axes before them broadcast. */
export const matmul = (a: Tensor, b: Tensor, options: Partial<MatMulAttrs> = {}): Tensor =>
  apply(matmulOp, [a, b], { transposeA: false, transposeB: false, scale: 1, ...options })

export type GemmAttrs = MatMulAttrs

/** scale * A B + C for matrices; made by the simplifier from a product and a sum. */
export const gemmOp: Op<GemmAttrs> = {
  name: 'gemm',
  infer: (inputs, attrs) => ({
    dtype: at(inputs, 0).dtype,
    shape: inferMatMul('gemm', inputs.slice(0, 2), attrs),
  }),
  vjp: ({ inputs, attrs }, [g]) => {
    const product = matmul(at(inputs, 0), at(inputs, 1), attrs)
    const gradients = matmulOp.vjp?.(product.node as Node<MatMulAttrs>, [g]) ?? []
    return [...gradients, g && sumTo(g, at(inputs, 2).shape)]
  },
  onnx: ({ inputs, outputs, attrs: { transposeA, transposeB, scale } }, emit) => {
    const flags = {
      transA: Number(transposeA),
      transB: Number(transposeB),
      alpha: { float: scale },
    }
    emit.node('Gemm', inputs, outputs, flags)
  },
}

/**
 * x Wᵀ + b over the last axis: x (..., in), weight (out, in), bias (out) -> (..., out). Fixed
 * shapes are computed as one matrix product of all rows.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const rows = isFixed(x.shape)
    ? reshape(x, [productOf(x.shape.slice(0, -1)), at(x.shape, x.rank - 1)])
    : x
  const product = matmul(rows, weight, { transposeB: true })
  const y = bias ? add(product, bias) : product
  return reshape(y, [...x.shape.slice(0, -1), at(weight.shape, 0)])
}
