import { tokenPattern } from '../token-pattern.ts'
import { safeCut } from './safe-cut.ts'

/** UTF-16 units per piece, about. */
const PIECE = 1 << 18

/**
 * Regroups a stream of text into pieces that can be split into words each on its own: they end where
 * every pattern has a boundary, or at a special token, which is left out. However the stream is cut,
 * the words are the same. Only text without a letter followed by anything else is held back.
 */
export async function* pieces(
  chunks: AsyncIterable<string> | Iterable<string>,
  specials: readonly string[] = [],
): AsyncGenerator<string> {
  const pattern = tokenPattern(specials)
  const longest = Math.max(0, ...specials.map((token) => token.length))
  let buffer = ''
  let wanted = PIECE
  for await (const chunk of chunks) {
    buffer += chunk
    if (buffer.length < wanted) continue
    const texts = pattern ? buffer.split(pattern) : [buffer]
    const tail = texts.pop()!
    for (const text of texts) if (text) yield text
    // What may be the beginning of a special token stays.
    const cut = safeCut(tail, 0, tail.length - longest)
    if (cut > 0) yield tail.slice(0, cut)
    buffer = cut > 0 ? tail.slice(cut) : tail
    wanted = buffer.length + PIECE
  }
  for (const text of pattern ? buffer.split(pattern) : [buffer]) if (text) yield text
}
