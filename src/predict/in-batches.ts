/** Tokens of a batch with padding: enough for efficient matrix products. */
const TOKENS = 4096

/** Batches of the indices of texts, by length, so that there is little padding. */
export function inBatches(lengths: readonly number[], tokens = TOKENS): number[][] {
  const order = lengths.map((_, i) => i).sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0))
  const batches: number[][] = []
  let room = 0
  for (const index of order) {
    if (room === 0) {
      batches.push([])
      room = Math.max(1, Math.floor(tokens / Math.max(1, lengths[index] ?? 1)))
    }
    batches.at(-1)?.push(index)
    room--
  }
  return batches
}
