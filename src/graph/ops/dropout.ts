import { isFixed, type Shape } from '../dim.ts'
import { ShapeError, type Tensor } from '../tensor.ts'
import { reshape } from './broadcast.ts'
import { add, cast, floor, greaterEqual, mul, stopGradient, sub } from './elementwise.ts'
import { constant } from './leaf.ts'
import { matmul } from './matmul.ts'
import { concat, slice, split } from './shape.ts'

/**
 * Randomness inside a graph is a function of (seed, step, position): the host gives a key of
 * `KEY_SIZE` whole numbers below `MODULUS` for each step; `position` tells the uses of it apart. It
 * is computed with whole numbers below 2^24, which float32 holds exactly, so that every engine
 * draws the same and a resumed run repeats itself.
 */
export const MODULUS = 2029
export const KEY_SIZE = 3

export interface RandomKey {
  /** (KEY_SIZE) whole numbers below MODULUS. */
  key: Tensor
  position: number
}

/**
 * Dropout (Srivastava et al. 2014): zeroes elements with probability `rate` and scales the others
 * by 1 / (1 - rate). `shape` (default: that of x) may have sizes of 1, which are drawn once for
 * all: (B, 1, 1) drops whole samples, which is stochastic depth (Huang et al. 2016).
 */
export function dropout(
  x: Tensor,
  rate: number,
  random: RandomKey,
  shape: Shape = x.shape,
): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new RangeError(`dropout: rate ${rate} is not in [0, 1)`)
  if (rate === 0) return x
  const kept = 1 - dropped(rate) / MODULUS
  return mul(x, stopGradient(mul(keepMask(shape, rate, random), 1 / kept)))
}

/** 1 with probability 1 - rate (to 1 in MODULUS), else 0. */
export const keepMask = (shape: Shape, rate: number, random: RandomKey): Tensor =>
  cast(greaterEqual(randomIntegers(shape, random), dropped(rate)), 'float32')

/** Of MODULUS numbers, those that drop an element: never none or all, whatever the rate. */
const dropped = (rate: number): number =>
  Math.min(MODULUS - 1, Math.max(1, Math.round(rate * MODULUS)))

/**
 * Whole numbers 0 .. MODULUS - 1, each as likely, and independent in pairs (Carter & Wegman 1979):
 * with three numbers (a, b, c) for each row and two (d, e) for each column, an element's is a d + b
 * e + c mod MODULUS. No two rows share (a, b) and no two columns (d, e), so that none are alike; a
 * hash that lets some fall together makes what is kept in a row vary too much.
 */
export function randomIntegers(shape: Shape, { key, position }: RandomKey): Tensor {
  if (!isFixed(shape)) throw new ShapeError('dropout', [key], `${shape} is not a fixed shape`)
  const columns = shape[shape.length - 1] ?? 1
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1)
  const [k0, k1, k2] = split(key, [1, 1, 1], 0) as [Tensor, Tensor, Tensor]
  // Feistel rounds with the key: each pair of numbers becomes another pair, no two the same.
  const [x0, x1] = permuted(rows + columns, position)
  const x2 = modulo(add(square(add(x1, k0)), x0))
  const x3 = modulo(add(square(add(x2, k1)), x1))
  const x4 = modulo(add(square(add(x3, k2)), x2))
  const ofRows = [x3, x4, x2].map((x) => reshape(slice(x, 0, 0, rows), [rows, 1]))
  const ofColumns = [x3, x4].map((x) => reshape(slice(x, 0, rows, rows + columns), [1, columns]))
  // One product of (rows, 3) and (3, columns) is exact in any order of its sums.
  const sums = matmul(concat(ofRows, 1), concat([...ofColumns, constant(1, [1, columns])], 0))
  return reshape(modulo(sums), shape)
}

const square = (x: Tensor): Tensor => mul(x, x)

/**
 * x mod MODULUS, for whole x of at most (2 MODULUS)^2 + MODULUS < 2^24. For this modulus, no
 * rounding of the quotient reaches a whole number, in float32 and float64.
 */
const modulo = (x: Tensor): Tensor => sub(x, mul(floor(mul(x, 1 / MODULUS)), MODULUS))

/**
 * Pairs of numbers below MODULUS, a fixed permutation of all such pairs for each position, of which
 * the first `length` are given: four Feistel rounds with the finalizer of MurmurHash3.
 */
function permuted(length: number, position: number): [Tensor, Tensor] {
  const pairs = Array.from({ length }, (_, i) => {
    let [x, y] = [i % MODULUS, Math.floor(i / MODULUS) % MODULUS]
    for (let round = 1; round <= 4; round++)
      [x, y] = [y, (x + hashed(y, 4 * position + round)) % MODULUS]
    return [x, y] as const
  })
  return [0, 1].map((side) =>
    constant(
      pairs.map((pair) => pair[side] as number),
      [length],
    ),
  ) as [Tensor, Tensor]
}

function hashed(value: number, salt: number): number {
  let h = Math.imul(value + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
