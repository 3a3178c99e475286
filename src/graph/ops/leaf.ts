import { formatShape, type Shape, sizeOf } from '../dim.ts'
import type { DType, TypedArray } from '../dtype.ts'
import { apply, type Node, type Op, type Tensor } from '../tensor.ts'

/** A value given at each run; parameters are inputs too, named by their path in the model. */
const inputOp: Op<{ name: string; dtype: DType; shape: Shape }> = {
  name: 'input',
  infer: (_, { dtype, shape }) => ({ dtype, shape }),
}

export const input = (name: string, dtype: DType, shape: Shape): Tensor =>
  apply(inputOp, [], { name, dtype, shape })

/** The attributes of an input node; undefined for any other node. */
export const asInput = (node: Node): { name: string; dtype: DType; shape: Shape } | undefined =>
  node.op === (inputOp as Op)
    ? (node.attrs as { name: string; dtype: DType; shape: Shape })
    : undefined

export interface ConstantAttrs {
  dtype: DType
  shape: readonly number[]
  /** Flat, row by row; a single value fills the whole shape. */
  values: readonly number[] | TypedArray
}

const constantOp: Op<ConstantAttrs> = {
  name: 'constant',
  infer: (_, { dtype, shape }) => ({ dtype, shape }),
}

/**
 * A fixed tensor. One value fills the shape; otherwise `values` holds every element, row by row.
 */
export function constant(
  values: number | readonly number[] | TypedArray,
  shape: readonly number[] = [],
  dtype: DType = 'float32',
): Tensor {
  const list = typeof values === 'number' ? [values] : values
  if (list.length !== 1 && list.length !== sizeOf(shape))
    throw new RangeError(`constant: ${list.length} values given for shape ${formatShape(shape)}`)
  return apply(constantOp, [], { dtype, shape, values: list })
}

export const asConstant = (tensor: Tensor): ConstantAttrs | undefined =>
  tensor.node.op === (constantOp as Op) ? (tensor.node.attrs as ConstantAttrs) : undefined

/** The value of a constant whose elements are all equal. */
export function uniformValue(tensor: Tensor): number | undefined {
  const values = asConstant(tensor)?.values
  return values?.length === 1 ? Number(values[0]) : undefined
}
