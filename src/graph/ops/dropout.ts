import { isFixed, type Shape } from '../dim.ts'
import { ShapeError, type Tensor } from '../tensor.ts'
import { add, floor, maximum, minimum, mul, stopGradient, sub } from './elementwise.ts'
import { constant } from './leaf.ts'
import { reshape, slice } from './shape.ts'

/**
 * Randomness inside a graph is a function of (seed, step, place): the host gives a key of
 * `KEY_SIZE` whole numbers below `MODULUS` for each step; `place` tells the uses of it apart. It is
 * computed with whole numbers below 2^24, which float32 holds exactly, so that every engine draws
 * the same and a resumed run repeats itself.
 */
export const MODULUS = 2039
export const KEY_SIZE = 3

export interface RandomKey {
  /** (KEY_SIZE) whole numbers below MODULUS. */
  key: Tensor
  place: number
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
  return mul(x, stopGradient(mul(keepMask(shape, rate, random), 1 / (1 - rate))))
}

/** 1 with probability 1 - rate (to 1 in MODULUS), else 0. */
export function keepMask(shape: Shape, rate: number, random: RandomKey): Tensor {
  const hashed = randomIntegers(shape, random)
  const threshold = Math.round(rate * MODULUS)
  // Whole numbers: all from `threshold` up become 1, all below 0.
  return minimum(maximum(sub(hashed, threshold - 1), 0), 1)
}

/** Numbers 0 .. MODULUS - 1, evenly spread. Rows and columns are hashed, then their sums. */
function randomIntegers(shape: Shape, { key, place }: RandomKey): Tensor {
  if (!isFixed(shape)) throw new ShapeError('dropout', [key], `${shape} is not a fixed shape`)
  const columns = shape[shape.length - 1] ?? 1
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1)
  const [k0, k1, k2] = [0, 1, 2].map((i) => slice(key, 0, i, i + 1)) as [Tensor, Tensor, Tensor]
  const hash = (first: Tensor) => squareMod(add(squareMod(add(first, k0)), k1))
  const row = hash(scrambled(rows, 2 * place))
  const column = hash(scrambled(columns, 2 * place + 1))
  const mixed = squareMod(add(reshape(row, [rows, 1]), column))
  return reshape(squareMod(add(mixed, squareMod(add(reshape(row, [rows, 1]), k2)))), shape)
}

/** x^2 mod MODULUS; exact for whole x up to 2 MODULUS. */
function squareMod(x: Tensor): Tensor {
  const square = mul(x, x)
  return sub(square, mul(floor(mul(square, 1 / MODULUS)), MODULUS))
}

/** A fixed hash of 0 .. length - 1 to numbers below MODULUS (the finalizer of MurmurHash3). */
function scrambled(length: number, place: number): Tensor {
  const values = Array.from({ length }, (_, i) => {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(place + 1, 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    return ((h ^ (h >>> 16)) >>> 0) % MODULUS
  })
  return constant(values, [length])
}
