/**
 * A dense array of float64, row by row; whole numbers and truth values (0, 1) are held the same
 * way.
 */
export interface NdArray {
  shape: readonly number[]
  data: Float64Array
}

export type Index = readonly number[]

export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, dim) => n * dim, 1)

export const array = (shape: readonly number[], values: ArrayLike<number>): NdArray => ({
  shape,
  data: Float64Array.from(values),
})

/** The elements of a feed or constant; a single one fills the shape. */
export function filled(shape: readonly number[], values: ArrayLike<number | bigint>): NdArray {
  const first = values.length === 1 ? Number(values[0]) : undefined
  return array(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => first ?? Number(values[i])),
  )
}

/** Every index of a shape, the last axis fastest. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  const size = sizeOf(shape)
  for (let flat = 0; flat < size; flat++) {
    let rest = flat
    const index = new Array<number>(shape.length)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const dim = shape[axis] as number
      index[axis] = rest % dim
      rest = Math.floor(rest / dim)
    }
    yield index
  }
}

const offset = (x: NdArray, index: Index): number =>
  x.shape.reduce((sum, dim, axis) => sum * dim + (index[axis] as number), 0)

export const get = (x: NdArray, index: Index): number => x.data[offset(x, index)] as number

export const add = (x: NdArray, index: Index, value: number): void => {
  const place = offset(x, index)
  x.data[place] = (x.data[place] as number) + value
}

/** The array whose element at each index is `element(index)`. */
export function build(shape: readonly number[], element: (index: Index) => number): NdArray {
  const result = array(shape, new Float64Array(sizeOf(shape)))
  let flat = 0
  for (const index of indices(shape)) result.data[flat++] = element(index)
  return result
}

/**
 * The element that broadcasting puts at `index`: axes are counted from the last, size 1 repeats.
 */
export const getBroadcast = (x: NdArray, index: Index): number =>
  get(
    x,
    x.shape.map((dim, axis) =>
      dim === 1 ? 0 : (index[index.length - x.shape.length + axis] ?? 0),
    ),
  )

export function broadcast(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    const dims = shapes.map((shape) => shape[shape.length - rank + axis] ?? 1)
    return dims.find((dim) => dim !== 1) ?? 1
  })
}

/** `index` with another number at `axis`. */
export const withAxis = (index: Index, axis: number, value: number): number[] =>
  index.map((i, k) => (k === axis ? value : i))

/** The numbers along `axis` through `index`. */
export const along = (x: NdArray, index: Index, axis: number): number[] =>
  Array.from({ length: x.shape[axis] as number }, (_, i) => get(x, withAxis(index, axis, i)))

export const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
