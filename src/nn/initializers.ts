import type { Random } from '../random.ts'

/** Fills a fresh parameter. Shapes of matrices are (out, in). */
export interface Initializer {
  (values: Float32Array, shape: readonly number[], random: Random): void
  /** Of matrices, which another scheme may draw as well: the factor on what it draws. */
  readonly scale?: number
}

export const zeros: Initializer = (values) => void values.fill(0)

export const ones: Initializer = (values) => void values.fill(1)

/** Normal distribution of mean 0; GPT-2 uses 0.02 for all its matrices (Radford et al. 2019). */
export const normal =
  (deviation: number): Initializer =>
  (values, _, random) => {
    for (let i = 0; i < values.length; i++) values[i] = deviation * random.normal()
  }

/**
 * LeCun et al. 1998: deviation 1 / sqrt(fan-in), so that outputs vary as much as inputs whatever
 * the width. `scale` multiplies it.
 */
export const lecunNormal = (scale = 1): Initializer =>
  Object.assign<Initializer, { scale: number }>(
    (values, shape, random) => normal(scale / Math.sqrt(fans(shape)[1]))(values, shape, random),
    { scale },
  )

/**
 * For projections into the residual stream: smaller by the square root of their number in all
 * layers, so that the stream starts no wider in deep models (Radford et al. 2019, section 2.3).
 */
export const residual = (projections: number): Initializer =>
  lecunNormal(1 / Math.sqrt(projections))

const fans = (shape: readonly number[]): [fanOut: number, fanIn: number] => [
  shape[0] ?? 1,
  shape.slice(1).reduce((a, b) => a * b, 1),
]

const uniform = (bound: number, values: Float32Array, random: Random) => {
  for (let i = 0; i < values.length; i++) values[i] = (2 * random.uniform() - 1) * bound
}

/** Glorot & Bengio 2010: uniform, keeps variance both ways. */
export const xavierUniform: Initializer = (values, shape, random) => {
  const [fanOut, fanIn] = fans(shape)
  uniform(Math.sqrt(6 / (fanIn + fanOut)), values, random)
}

/** He et al. 2015: normal, for layers followed by a rectifier. */
export const kaimingNormal: Initializer = (values, shape, random) =>
  normal(Math.sqrt(2 / fans(shape)[1]))(values, shape, random)

/** He et al. 2015 with the slope of PyTorch's layers (sqrt 5): uniform up to 1 / sqrt(fan-in). */
export const kaimingUniform: Initializer = (values, shape, random) =>
  uniform(1 / Math.sqrt(fans(shape)[1]), values, random)

/** How matrices and embeddings start, by an option's name; `lecun` is what layers do alone. */
export const INITIALIZATIONS = {
  lecun: lecunNormal(),
  gpt2: normal(0.02),
  xavier: xavierUniform,
  kaiming: kaimingNormal,
  pytorch: kaimingUniform,
} satisfies Record<string, Initializer>

export type Initialization = keyof typeof INITIALIZATIONS
