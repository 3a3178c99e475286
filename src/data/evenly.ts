/** At most `count` items, evenly spaced, so that sorted data is sampled throughout. */
export const evenly = <T>(items: readonly T[], count: number): T[] =>
  items.length <= count
    ? [...items]
    : Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)] as T)

/** As `evenly`, of `total` items that come one by one. */
export function* evenlyOf<T>(
  items: Iterable<T>,
  { count, total }: { count: number; total: number },
): Generator<T> {
  let [index, taken] = [0, 0]
  for (const item of items) {
    if (index++ * count < taken * total) continue
    taken++
    yield item
  }
}
