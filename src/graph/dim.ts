/** A size: a number, or the name of a dimension that varies from run to run (`batch`, `length`). */
export type Dim = number | string

export type Shape = readonly Dim[]

export const formatShape = (shape: Shape): string => `(${shape.join(', ')})`

/** True when every dimension is a number. */
export const isFixed = (shape: Shape): shape is readonly number[] =>
  shape.every((dim) => typeof dim === 'number')

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((dim, i) => dim === b[i])

/** Number of elements of a fixed shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, dim) => n * dim, 1)

/**
 * Product of dimensions. Named ones give a named product, its factors in alphabetical order, so
 * that equal products have equal names: `(batch, 4, length)` -> `4*batch*length`.
 */
export function productOf(shape: Shape): Dim {
  let size = 1
  const names: string[] = []
  for (const factor of shape.flatMap((dim) => String(dim).split('*'))) {
    if (Number.isNaN(Number(factor))) names.push(factor)
    else size *= Number(factor)
  }
  if (names.length === 0) return size
  return [...(size === 1 ? [] : [size]), ...names.sort()].join('*')
}

/** The shape with sizes in place of names, also in products. Throws where one is unknown. */
export const withSizes = (shape: Shape, sizes: Readonly<Record<string, number>>): number[] =>
  shape.map((dim) => {
    const factors = String(dim).split('*')
    const size = factors.reduce((all, factor) => all * (sizes[factor] ?? Number(factor)), 1)
    if (Number.isNaN(size)) throw new RangeError(`the size of dimension ${dim} is not given`)
    return size
  })

/** NumPy's broadcasting; undefined where the shapes do not fit. A name only fits itself and 1. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length)
  const shape: Dim[] = []
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1
    const y = b[b.length - rank + i] ?? 1
    if (x !== y && x !== 1 && y !== 1) return undefined
    shape.push(x === 1 ? y : x)
  }
  return shape
}

/** `axis` counted from the front; negative ones count from the back. */
export function normalizeAxis(axis: number, rank: number, what: string): number {
  const index = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || index < 0 || index >= rank)
    throw new RangeError(`${what}: axis ${axis} is outside a tensor of rank ${rank}`)
  return index
}
