import { isFixed, type Shape } from '../dim.ts'
import { ShapeError, type Tensor } from '../tensor.ts'
import {
  add,
  cast,
  floor,
  greaterEqual,
  mul,
  type Operand,
  stopGradient,
  sub,
} from './elementwise.ts'
import { constant } from './leaf.ts'
import { reshape, split } from './shape.ts'

/**
 * Randomness inside a graph is a function of (seed, step, place): the host gives a key of
 * `KEY_SIZE` whole numbers below `MODULUS` for each step; `place` tells the uses of it apart. It is
 * computed with whole numbers below 2^24, which float32 holds exactly, so that every engine draws
 * the same and a resumed run repeats itself.
 */
export const MODULUS = 2029
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
  const kept = 1 - Math.round(rate * MODULUS) / MODULUS
  return mul(x, stopGradient(mul(keepMask(shape, rate, random), 1 / kept)))
}

/** 1 with probability 1 - rate (to 1 in MODULUS), else 0. */
export const keepMask = (shape: Shape, rate: number, random: RandomKey): Tensor =>
  cast(greaterEqual(randomIntegers(shape, random), Math.round(rate * MODULUS)), 'float32')

/**
 * Whole numbers 0 .. MODULUS - 1, each as likely. An element's number comes from one hash of its
 * column and three of its row, so that rows or columns that are alike are as rare as by chance.
 */
export function randomIntegers(shape: Shape, { key, place }: RandomKey): Tensor {
  if (!isFixed(shape)) throw new ShapeError('dropout', [key], `${shape} is not a fixed shape`)
  const columns = shape[shape.length - 1] ?? 1
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1)
  const [k0, k1, k2] = split(key, [1, 1, 1], 0) as [Tensor, Tensor, Tensor]
  const hashed = mix(mix(add(scrambled(3 * rows + columns, place), k0), k1), k2)
  const [first, second, third, column] = split(hashed, [rows, rows, rows, columns], 0).map(
    (x, i) => (i < 3 ? reshape(x, [rows, 1]) : x),
  ) as [Tensor, Tensor, Tensor, Tensor]
  const whole = mix(add(mix(add(first, column), 0), second), third)
  return reshape(whole, shape)
}

/**
 * x^2 + y mod MODULUS, for whole x below 2 MODULUS and y below MODULUS: as evenly spread as y. For
 * this modulus, no rounding of the quotient reaches a whole number, in float32 and float64.
 */
function mix(x: Tensor, y: Operand): Tensor {
  const z = add(mul(x, x), y)
  return sub(z, mul(floor(mul(z, 1 / MODULUS)), MODULUS))
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
