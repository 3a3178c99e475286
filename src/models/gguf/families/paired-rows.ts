/**
 * Rows of each head from (i, i + D/2), the halves that our rotary positions turn, to (2i, 2i + 1), the
 * neighbors that llama.cpp turns in some families. values: (heads D, columns).
 */
export const toPairs = (values: Float32Array, rows: number, heads: number): Float32Array =>
  reordered(values, rows, heads, (i, half) => (i < half ? 2 * i : 2 * (i - half) + 1))

/** The other way round. */
export const toHalves = (values: Float32Array, rows: number, heads: number): Float32Array =>
  reordered(values, rows, heads, (i, half) => (i % 2) * half + Math.floor(i / 2))

function reordered(
  values: Float32Array,
  rows: number,
  heads: number,
  placeOf: (row: number, half: number) => number,
): Float32Array {
  const result = new Float32Array(values.length)
  const [columns, size] = [values.length / rows, rows / heads]
  for (let row = 0; row < rows; row++) {
    const place = row - (row % size) + placeOf(row % size, size / 2)
    result.set(values.subarray(row * columns, (row + 1) * columns), place * columns)
  }
  return result
}
