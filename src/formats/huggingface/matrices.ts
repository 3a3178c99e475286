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

/** (R, C) -> (C, R), in square blocks that stay in the cache. */
export function transposedMatrix(values: Float32Array, shape: readonly number[]): Float32Array {
  const [rows = 1, columns = 1] = shape
  if (shape.length < 2) return values
  const result = new Float32Array(values.length)
  const block = 32
  for (let r0 = 0; r0 < rows; r0 += block)
    for (let c0 = 0; c0 < columns; c0 += block)
      for (let r = r0; r < Math.min(r0 + block, rows); r++)
        for (let c = c0; c < Math.min(c0 + block, columns); c++)
          result[c * rows + r] = values[r * columns + c] as number
  return result
}
