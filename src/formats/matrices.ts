/** One behind the other. */
export function concatenated(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((n, part) => n + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** (R, C) -> (C, R). */
export function transposedMatrix(values: Float32Array, shape: readonly number[]): Float32Array {
  const [, columns = 1] = shape
  if (shape.length < 2) return values
  return transposeColumns(values, columns, 0, new Float32Array(values.length))
}

/**
 * Columns of a matrix with `columns` of them, as the rows that fill `out`: those from `first` on.
 * Goes in square blocks, which stay in the cache.
 */
export function transposeColumns(
  values: Float32Array,
  columns: number,
  first: number,
  out: Float32Array,
): Float32Array {
  const rows = values.length / columns
  const last = first + out.length / rows
  const block = 32
  for (let r0 = 0; r0 < rows; r0 += block)
    for (let c0 = first; c0 < last; c0 += block)
      for (let r = r0; r < Math.min(r0 + block, rows); r++)
        for (let c = c0; c < Math.min(c0 + block, last); c++)
          out[(c - first) * rows + r] = values[r * columns + c] as number
  return out
}

/**
 * Rows of each head from (i, i + D/2), the halves that our rotary positions turn, to (2i, 2i + 1),
 * the neighbors that llama2.c turns, and llama.cpp in some architectures. values: (heads D, C).
 */
export const toPairs = (values: Float32Array, rows: number, heads: number): Float32Array =>
  reorder(values.slice(), rows, heads, (i, half) => (i < half ? 2 * i : 2 * (i - half) + 1))

/** The reverse of `toPairs`, in place. */
export const toHalves = (values: Float32Array, rows: number, heads: number): Float32Array =>
  reorder(values, rows, heads, (i, half) => (i % 2) * half + Math.floor(i / 2))

function reorder(
  values: Float32Array,
  rows: number,
  heads: number,
  target: (row: number, half: number) => number,
): Float32Array {
  const [columns, size] = [values.length / rows, rows / heads]
  for (let head = 0; head < heads; head++) {
    const start = head * size * columns
    const before = values.slice(start, start + size * columns)
    for (let row = 0; row < size; row++) {
      const to = start + target(row, size / 2) * columns
      values.set(before.subarray(row * columns, (row + 1) * columns), to)
    }
  }
  return values
}
