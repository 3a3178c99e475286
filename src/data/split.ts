import { Random } from '../random.ts'
import { measureText, type TextPiece, unitIndex } from './text-pieces.ts'

/**
 * Cuts documents in two after `at` characters, counted over all of them; the document at the cut is
 * divided. Both parts draw on the same stream: read the first to its end, then the second.
 */
export function splitDocuments(
  pieces: AsyncIterable<TextPiece>,
  at: number,
): [AsyncIterable<TextPiece>, AsyncIterable<TextPiece>] {
  const stream = pieces[Symbol.asyncIterator]()
  let rest: TextPiece | undefined

  async function* first(): AsyncGenerator<TextPiece> {
    for (let left = at; left > 0; ) {
      const { done, value: piece } = await stream.next()
      if (done) return
      const { characters } = measureText(piece.text)
      if (characters > left) {
        const cut = unitIndex(piece.text, left)
        rest = { ...piece, text: piece.text.slice(cut) }
        yield { ...piece, text: piece.text.slice(0, cut), end: true }
        return
      }
      left -= characters
      yield left > 0 ? piece : { ...piece, end: true }
    }
  }

  async function* second(): AsyncGenerator<TextPiece> {
    if (rest) yield rest
    yield* { [Symbol.asyncIterator]: () => stream }
  }

  return [first(), second()]
}

/** Where `splitDocuments` cuts so that about `fraction` of the characters comes last. */
export const splitPoint = (characters: number, fraction: number): number =>
  Math.floor(characters * (1 - fraction))

export interface DrawOptions {
  /** All documents, and how many of them are held out. */
  count: number
  held: number
  /** Draws them at random; without it they are the last. */
  seed?: number | undefined
}

/**
 * Documents to learn from and documents that are held out, each whole: `held` of `count`, by
 * selection sampling (Knuth, algorithm S), which keeps none of them in memory. `documents` is read
 * once for each side.
 */
export function drawDocuments(
  documents: () => AsyncIterable<TextPiece>,
  options: DrawOptions,
): [AsyncIterable<TextPiece>, AsyncIterable<TextPiece>] {
  async function* side(wanted: boolean): AsyncGenerator<TextPiece> {
    const draws = selection(options)
    let isHeld = draws.next().value
    for await (const piece of documents()) {
      if (isHeld === wanted) yield piece
      if (piece.end) isHeld = draws.next().value
    }
  }
  return [side(false), side(true)]
}

/** Whether each of the documents is held out, in turn. */
function* selection({ count, held, seed }: DrawOptions): Generator<boolean, boolean> {
  const random = seed === undefined ? undefined : new Random(seed)
  let wanted = held
  for (let left = count; left > 0; left--) {
    const isHeld = random ? random.uniform() * left < wanted : left <= wanted
    if (isHeld) wanted--
    yield isHeld
  }
  return false
}

export interface HoldOutOptions<R> {
  /** Share of the records to validate on. */
  share: number
  seed: number
  /** Draws the share at random; false takes the last records, for data in the order of time. */
  shuffle: boolean
  /** Each label has the same share, as nearly as whole records allow. */
  labelOf?: ((record: R) => string) | undefined
}

/**
 * Records to learn from and records to validate on, both in the order of the data. A label with a
 * single record is learned rather than measured.
 */
export function holdOut<R>(
  records: readonly R[],
  { share, seed, shuffle, labelOf = () => '' }: HoldOutOptions<R>,
): [learned: R[], held: R[]] {
  const learned = Math.ceil(records.length * (1 - share))
  if (!shuffle) return [records.slice(0, learned), records.slice(learned)]
  const labels = records.map(labelOf)
  const sizes = new Map<string, number>()
  for (const label of labels) sizes.set(label, (sizes.get(label) ?? 0) + 1)
  // The k-th of a label's n records, as drawn, has the rank (k + 1/2) / n: the lowest ranks are
  // the rounded share of every label.
  const drawn = new Map<string, number>()
  const ranked = shuffledIndices(records.length, seed).map((index) => {
    const label = labels[index] as string
    const before = drawn.get(label) ?? 0
    drawn.set(label, before + 1)
    return { index, rank: (before + 0.5) / (sizes.get(label) as number) }
  })
  ranked.sort((a, b) => a.rank - b.rank)
  const held = new Set(ranked.slice(0, records.length - learned).map(({ index }) => index))
  return [
    records.filter((_, index) => !held.has(index)),
    records.filter((_, index) => held.has(index)),
  ]
}

/** 0 .. count - 1 in a random order (Fisher & Yates 1938). */
function shuffledIndices(count: number, seed: number): number[] {
  const random = new Random(seed)
  const order: number[] = []
  for (let i = 0; i < count; i++) {
    const j = random.integer(i + 1)
    order[i] = order[j] ?? i
    order[j] = i
  }
  return order
}
