/**
 * Indices of the `k` largest of the first `count` values, in falling order; ties keep their order.
 * A heap holds the best so far: sorting the whole vocabulary would cost more than the rest of a
 * step.
 */
export function largest(values: Float32Array, count: number, k: number): Int32Array {
  const size = Math.min(k, count)
  // values[heap[0]] is the least of those kept.
  const heap = Int32Array.from({ length: size }, (_, i) => i)
  const precedes = (a: number, b: number) => {
    const [x, y] = [values[a] as number, values[b] as number]
    return x > y || (x === y && a < b)
  }
  const sink = (start: number, end: number) => {
    const sinking = heap[start] as number
    let at = start
    for (let child = 2 * at + 1; child < end; child = 2 * at + 1) {
      if (child + 1 < end && precedes(heap[child] as number, heap[child + 1] as number)) child++
      if (!precedes(sinking, heap[child] as number)) break
      heap[at] = heap[child] as number
      at = child
    }
    heap[at] = sinking
  }
  for (let i = (size >> 1) - 1; i >= 0; i--) sink(i, size)
  let least = values[heap[0] as number] as number
  for (let i = size; i < count; i++) {
    if ((values[i] as number) <= least) continue
    heap[0] = i
    sink(0, size)
    least = values[heap[0] as number] as number
  }
  for (let end = size - 1; end > 0; end--) {
    const last = heap[end] as number
    heap[end] = heap[0] as number
    heap[0] = last
    sink(0, end)
  }
  return heap
}
