/**
 * Sinusoidal positions (Vaswani et al. 2017), (count, dim): sines in even columns, cosines in odd,
 * with wavelengths from 2 pi to 10,000 times 2 pi.
 */
export function sinusoidalTable(count: number, dim: number): Float32Array {
  const table = new Float32Array(count * dim)
  for (let position = 0; position < count; position++)
    for (let column = 0; column < dim; column++) {
      const angle = position / 10_000 ** ((2 * Math.floor(column / 2)) / dim)
      table[position * dim + column] = column % 2 === 0 ? Math.sin(angle) : Math.cos(angle)
    }
  return table
}
