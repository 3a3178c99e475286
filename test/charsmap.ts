/** No byte is like it: what is not a child of anything. */
const NO_LABEL = 0x80000000

/**
 * A `precompiled_charsmap` with these replacements, in base64: what SentencePiece's trainer writes
 * with Darts-clone, packed by trying one place after another.
 */
export function charsmapOf(replacements: Readonly<Record<string, string>>): string {
  const encoder = new TextEncoder()
  const keys = Object.keys(replacements).map((key) => ({ key, bytes: [...encoder.encode(key)] }))
  const texts: number[] = []
  const values = new Map<string, number>()
  for (const { key } of keys) {
    values.set(key, texts.length)
    texts.push(...encoder.encode(replacements[key]), 0)
  }
  const units: number[] = [0]
  const isTaken = new Set([0])
  const bases = new Set<number>()
  const place = (node: number, depth: number, some: typeof keys): void => {
    const ending = some.find(({ bytes }) => bytes.length === depth)
    const labels = [...new Set(some.flatMap(({ bytes }) => bytes[depth] ?? []))]
    const slots = ending ? [0, ...labels] : labels
    let base = 1
    while (bases.has(base) || slots.some((label) => isTaken.has(base ^ label))) base++
    bases.add(base)
    for (const label of slots) isTaken.add(base ^ label)
    units[node] = ((units[node] ?? 0) | ((node ^ base) << 10) | (ending ? 0x100 : 0)) >>> 0
    if (ending) units[base] = ((values.get(ending.key) as number) | 0x80000000) >>> 0
    for (const label of labels) units[base ^ label] = label
    for (const label of labels) {
      const below = some.filter(({ bytes }) => bytes[depth] === label)
      place(base ^ label, depth + 1, below)
    }
  }
  place(0, 0, keys)
  // Readers count on whole blocks of 256, within which all children of a node lie.
  const length = 256 * (Math.floor(Math.max(units.length, ...bases) / 256) + 1)
  const all = Uint32Array.from({ length }, (_, i) => units[i] ?? NO_LABEL)
  const header = Uint32Array.of(4 * all.length)
  return Buffer.concat([
    new Uint8Array(header.buffer),
    new Uint8Array(all.buffer),
    Uint8Array.from(texts),
  ]).toString('base64')
}
