/** A longer line is no separator, and need not be held until it ends. */
const LONGEST = 1000

const END = Symbol('end of a document')

/**
 * The documents of a text in which a line that holds nothing but `separator` ends one, as in the
 * data of GPT-2 and TinyStories. The line breaks around such a line belong to it; a document
 * without text is none. Each must be read to its end before the next. `found` is called at the
 * first separator.
 */
export async function* separateDocuments(
  parts: AsyncIterable<string>,
  separator: string,
  found: () => void,
): AsyncGenerator<AsyncIterable<string>> {
  const stream = withEnds(parts, separator, found)
  let isLast = false
  async function* one(): AsyncGenerator<string> {
    for (;;) {
      const { done, value } = await stream.next()
      isLast = done === true
      if (done || value === END) return
      yield value
    }
  }
  while (!isLast) yield one()
}

/** The text without its separators, with END between two documents. */
async function* withEnds(
  parts: AsyncIterable<string>,
  separator: string,
  found: () => void,
): AsyncGenerator<string | typeof END> {
  const escaped = separator.trim().replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  const line = new RegExp(`(?<![^\\n])[ \\t]*${escaped}[ \\t]*\\r?(?![^\\n])`)
  let text = ''
  /** Separators so far, how many of them were passed on as END, and whether a document has text. */
  const seen = { separators: 0, ends: 0, text: false }

  /** Of all that follows the first part, the last line may have begun before. */
  let isInside = false
  function* give(whole: string): Generator<string | typeof END> {
    const pieces = isInside ? `.${whole}`.split(line) : whole.split(line)
    if (isInside) pieces[0] = (pieces[0] as string).slice(1)
    isInside ||= whole !== ''
    for (const [i, piece] of pieces.entries()) {
      if (i > 0 && seen.separators++ === 0) found()
      const isFresh = seen.separators > seen.ends
      const rest = withoutBreaks(piece, { start: isFresh, end: i < pieces.length - 1 })
      if (rest === '') continue
      if (isFresh && seen.text) yield END
      seen.ends = seen.separators
      seen.text = true
      yield rest
    }
  }
  for await (const part of parts) {
    text += part
    const at = lastLine(text)
    yield* give(text.slice(0, at))
    text = text.slice(at)
  }
  yield* give(text)
}

/** Where the last line begins, with the line breaks before it: it may yet become a separator. */
function lastLine(text: string): number {
  const start = text.lastIndexOf('\n') + 1
  if (text.length - start > LONGEST) return text.length
  let at = start
  while (at > 0 && start - at < LONGEST && isBreak(text, at - 1)) at--
  return at
}

function withoutBreaks(text: string, { start, end }: { start: boolean; end: boolean }): string {
  let from = 0
  let to = text.length
  if (start) while (from < to && isBreak(text, from)) from++
  if (end) while (to > from && isBreak(text, to - 1)) to--
  return text.slice(from, to)
}

const isBreak = (text: string, at: number): boolean => text[at] === '\n' || text[at] === '\r'
