/** How often each sequence of `order` tokens occurs, by the sequence as a text. */
export function countNgrams(tokens: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (let start = 0; start + order <= tokens.length; start++) {
    const key = tokens.slice(start, start + order).join('\0')
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** Sequences that two texts share, each as often as both have it. */
export function countShared(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
): number {
  let shared = 0
  for (const [key, count] of a) shared += Math.min(count, b.get(key) ?? 0)
  return shared
}

/** Harmonic mean of precision and recall, in which recall counts `beta` times as much. */
export function fScore(precision: number, recall: number, beta = 1): number {
  const factor = beta ** 2
  if (precision + recall === 0) return 0
  return ((1 + factor) * precision * recall) / (factor * precision + recall)
}
