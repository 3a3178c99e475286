import { type Dim, formatShape, type Shape, sizeOf } from '../graph/dim.ts'
import { DTYPES, type DType, type TypedArray, zeros } from '../graph/dtype.ts'
import { isStored, type OnnxModel, type TensorSpec } from '../graph/onnx/model.ts'

interface Signature {
  label: string
  inputs: readonly TensorSpec[]
  outputs: readonly TensorSpec[]
}

type Bound = Readonly<Record<string, { dtype: DType; shape: readonly number[] }>>

/**
 * Throws unless `tensors` are exactly the program's inputs and outputs, with their dtypes and
 * shapes, and every named dimension has the same size everywhere.
 */
export function checkBinding({ label, inputs, outputs }: Signature, tensors: Bound): void {
  const specs = [...inputs, ...outputs]
  const fail = (problem: string) => new Error(`program "${label}": ${problem}`)
  const known = new Set(specs.map((spec) => spec.name))
  for (const name of Object.keys(tensors))
    if (!known.has(name))
      throw fail(`there is no tensor "${name}"; its tensors are ${[...known].join(', ')}`)

  const sizes = new Map<string, { size: number; tensor: string }>()
  for (const spec of specs) {
    const role = inputs.includes(spec) ? 'input' : 'output'
    const tensor = tensors[spec.name]
    if (!tensor) throw fail(`${role} ${describe(spec)} is not bound`)
    if (tensor.dtype !== spec.dtype || !fits(tensor.shape, spec.shape))
      throw fail(`${role} ${describe(spec)} was given ${describe(tensor)}`)
    for (const [axis, dim] of spec.shape.entries()) {
      if (typeof dim === 'number') continue
      const size = tensor.shape[axis] as number
      const first = sizes.get(dim)
      if (!first) sizes.set(dim, { size, tensor: spec.name })
      else if (first.size !== size)
        throw fail(
          `dimension ${dim} is ${first.size} in "${first.tensor}" and ${size} in "${spec.name}"`,
        )
    }
  }
  for (const [dim, { size, tensor }] of sizes) {
    const expected = product(dim, sizes)
    if (expected !== undefined && expected !== size)
      throw fail(`dimension ${dim} of "${tensor}" is ${size}, but should be ${expected}`)
  }
}

const fits = (shape: readonly number[], spec: readonly Dim[]): boolean =>
  shape.length === spec.length &&
  spec.every((dim, axis) => typeof dim === 'string' || dim === shape[axis])

/** Size of a product such as `4*batch*length`; undefined unless all factors are known. */
function product(dim: string, sizes: ReadonlyMap<string, { size: number }>): number | undefined {
  const factors = dim.split('*')
  if (factors.length === 1) return undefined
  let size = 1
  for (const factor of factors) size *= sizes.get(factor)?.size ?? Number(factor)
  return Number.isNaN(size) ? undefined : size
}

/** Throws unless every dimension is a whole number of at least 0. */
export function checkShape(shape: readonly number[]): void {
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0))
    throw new RangeError(`${formatShape(shape)} is not a shape: dimensions are whole numbers >= 0`)
}

/** `values` as elements of `tensor`. Throws if their number or type differs. */
export function checkValues(
  tensor: { name?: string; dtype: DType; shape: readonly number[]; size: number },
  values: TypedArray | readonly number[],
): TypedArray {
  const { array } = DTYPES[tensor.dtype]
  if (values.length !== tensor.size)
    throw new RangeError(
      `${describe(tensor)} has ${tensor.size} elements, but ${values.length} were given`,
    )
  if (values instanceof array) return values
  if (!Array.isArray(values))
    throw new TypeError(
      `${describe(tensor)} takes a ${array.name} or numbers, not a ${values.constructor.name}`,
    )
  const copy = zeros(tensor.dtype, tensor.size)
  const convert = tensor.dtype === 'int64' ? BigInt : Number
  for (const [i, value] of values.entries()) copy[i] = convert(value)
  return copy
}

/** The data of a weight in memory. Throws unless it matches its dtype and shape. */
export function checkWeight(name: string, weight: OnnxModel['weights'][string]): TypedArray {
  const { dtype, shape, data } = weight
  if (isStored(data)) throw new TypeError(`weight "${name}" is in a file; this engine takes memory`)
  if (!(data instanceof DTYPES[dtype].array) || data.length !== sizeOf(shape))
    throw new TypeError(
      `weight "${name}" is ${dtype} (${shape.join(', ')}), but its data is ` +
        `a ${data.constructor.name} of ${data.length}`,
    )
  return data
}

/** `"ids" int64 (2, 8)`; without the name if there is none. */
export function describe(tensor: { name?: string; dtype: DType; shape: Shape }): string {
  const name = tensor.name === undefined ? '' : `"${tensor.name}" `
  return `${name}${tensor.dtype} ${formatShape(tensor.shape)}`
}
