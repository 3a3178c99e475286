import { Random } from '../random.ts'
import type { TextPiece } from './text-pieces.ts'

export interface DrawOptions {
  /** Documents that there are, and how many of them are held out. */
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
