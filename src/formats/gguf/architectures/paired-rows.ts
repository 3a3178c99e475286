/**
 * Rows of each head from (i, i + D/2), the halves that our rotary positions turn, to (2i, 2i + 1),
 * the neighbors that llama.cpp turns in some architectures. values: (heads D, columns).
 */
export const toPairs = (values: Float32Array, rows: number, heads: number): Float32Array =>
  reorder(values.slice(), rows, heads, (i, half) => (i < half ? 2 * i : 2 * (i - half) + 1))

/** The other way round, in place. */
export const toHalves = (values: Float32Array, rows: number, heads: number): Float32Array =>
  reorder(values, rows, heads, (i, half) => (i % 2) * half + Math.floor(i / 2))

function reorder(
  values: Float32Array,
  rows: number,
  heads: number,
  placeOf: (row: number, half: number) => number,
): Float32Array {
  const [columns, size] = [values.length / rows, rows / heads]
  for (let head = 0; head < heads; head++) {
    const start = head * size * columns
    const before = values.slice(start, start + size * columns)
    for (let row = 0; row < size; row++) {
      const place = start + placeOf(row, size / 2) * columns
      values.set(before.subarray(row * columns, (row + 1) * columns), place)
    }
  }
  return values
}
