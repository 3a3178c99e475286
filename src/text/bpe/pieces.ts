import { tokenPattern } from '../cut.ts'
import { safeCut } from './words.ts'

/** UTF-16 units per piece at most, and so of the longest word. */
const PIECE = 1 << 18

/**
 * Regroups a stream of text into pieces that can be split into words each on its own: they end
 * where every pattern has a boundary, or at a special token, which is left out. Where a piece has
 * no boundary it is cut between two characters, so that neither memory nor time goes by the longest
 * word. However the stream is divided, the words are the same.
 */
export async function* pieces(
  chunks: AsyncIterable<string> | Iterable<string>,
  specials: readonly string[] = [],
): AsyncGenerator<string> {
  const pattern = tokenPattern(specials)
  const longest = Math.max(0, ...specials.map((token) => token.length))
  let buffer = ''
  let wanted = 0
  for await (const chunk of chunks) {
    buffer += chunk
    if (buffer.length <= wanted) continue
    const texts = pattern ? buffer.split(pattern) : [buffer]
    const tail = texts.pop()!
    for (const text of texts) yield* cut(text, 0)
    // What may be the beginning of a special token stays.
    buffer = yield* cut(tail, longest, false)
    wanted = buffer.length + PIECE
  }
  for (const text of pattern ? buffer.split(pattern) : [buffer]) yield* cut(text, 0)
}

/** The pieces of a text without its last `held` units: they are returned, or yielded with `all`. */
function* cut(text: string, held: number, all = true): Generator<string, string> {
  let from = 0
  while (text.length - from > PIECE + held) {
    const to = endOfPiece(text, from)
    yield text.slice(from, to)
    from = to
  }
  const rest = text.slice(from)
  if (!all) return rest
  if (rest) yield rest
  return ''
}

function endOfPiece(text: string, from: number): number {
  const end = from + PIECE
  const safe = safeCut(text, from, end)
  if (safe > 0) return safe
  return (text.charCodeAt(end) & 0xfc00) === 0xdc00 ? end - 1 : end
}
