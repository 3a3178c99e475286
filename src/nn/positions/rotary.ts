import { type RopeScaling, scaleFrequencies } from './rope-scaling.ts'

export interface RotaryOptions {
  /** Base of the wavelengths; 10,000 in Su et al. 2021. */
  theta: number
  /** Makes the positions of a longer context look like those of training. */
  scaling?: RopeScaling
  /** Tokens of the longest sequence, by which dynamic scaling goes. */
  context: number
  headDim: number
}

/** Cosines and sines of the first `rows` positions (default: all): each (rows, headDim / 2). */
export function rotaryTables(
  options: RotaryOptions & { rows?: number },
): [cos: Float32Array, sin: Float32Array] {
  const { context, headDim, rows = context } = options
  const half = headDim / 2
  const { frequencies, factor } = rotaryFrequencies(options)
  const [cos, sin] = [new Float32Array(rows * half), new Float32Array(rows * half)]
  for (const [i, frequency] of frequencies.entries()) {
    for (let position = 0; position < rows; position++) {
      cos[position * half + i] = factor * Math.cos(position * frequency)
      sin[position * half + i] = factor * Math.sin(position * frequency)
    }
  }
  return [cos, sin]
}

export interface RotaryFrequencies {
  /** Radians that each pair of elements turns from one position to the next, (headDim / 2). */
  frequencies: number[]
  /** Length of what is turned, on the length that it had. */
  factor: number
}

export function rotaryFrequencies(options: RotaryOptions): RotaryFrequencies {
  const { theta, headDim, scaling } = options
  const half = headDim / 2
  const frequencies = Array.from({ length: half }, (_, i) => theta ** (-i / half))
  return scaling ? scaleFrequencies(frequencies, scaling, options) : { frequencies, factor: 1 }
}
