export interface RotaryOptions {
  /** Base of the wavelengths; 10,000 in Su et al. 2021. */
  theta: number
  /** Positions that the tables cover. */
  context: number
}

/** Cosines and sines of rotary positions: each (context, headDim / 2). */
export function rotaryTables({
  theta,
  context,
  headDim,
}: RotaryOptions & { headDim: number }): [cos: Float32Array, sin: Float32Array] {
  const half = headDim / 2
  const [cos, sin] = [new Float32Array(context * half), new Float32Array(context * half)]
  for (let i = 0; i < half; i++) {
    const frequency = theta ** (-i / half)
    for (let position = 0; position < context; position++) {
      cos[position * half + i] = Math.cos(position * frequency)
      sin[position * half + i] = Math.sin(position * frequency)
    }
  }
  return [cos, sin]
}
