import { classify, classOf, HAN, LETTER, MARK } from './character-class.ts'
import type { Scanner } from './scan.ts'

/** UTF-16 units per window: its bytes and its words stay in a core's own cache. */
const WINDOW = 1 << 14

/**
 * What is done with the words of a window: word i is bytes[ends[i - 1] .. ends[i]), the first from
 * 0.
 * Both arrays are overwritten after the call.
 */
export type WordSink = (bytes: Uint8Array, ends: Int32Array, count: number) => void

/**
 * Cuts text into words of UTF-8. A lone surrogate becomes U+FFFD. The text is taken in windows that
 * end where every pattern has a boundary, so that working memory does not grow with it.
 */
export class Words {
  readonly #encoder = new TextEncoder()
  readonly #scan: Scanner
  #bytes = new Uint8Array(3 * WINDOW + 3)
  #ends = new Int32Array(3 * WINDOW)

  constructor(scan: Scanner) {
    this.#scan = scan
  }

  each(text: string, sink: WordSink): void {
    for (let from = 0; from < text.length; ) {
      const to = windowEnd(text, from)
      this.whole(from === 0 && to === text.length ? text : text.slice(from, to), sink)
      from = to
    }
  }

  /** As `each`, in one window. */
  whole(text: string, sink: WordSink): void {
    if (text.length > this.#ends.length / 3) {
      this.#bytes = new Uint8Array(3 * text.length + 3)
      this.#ends = new Int32Array(3 * text.length)
    }
    const bytes = this.#bytes
    const ends = this.#ends
    const scan = this.#scan
    const { written } = this.#encoder.encodeInto(text, bytes)
    let count = 0
    for (let at = 0; at < written; ) {
      at = scan(bytes, at, written)
      ends[count++] = at
    }
    sink(bytes, ends, count)
  }
}

/** The end of the window that starts at `from`: wider where no safe cut is found. */
function windowEnd(text: string, from: number): number {
  for (let size = WINDOW; from + size < text.length; size *= 2) {
    const cut = safeCut(text, from, from + size)
    if (cut > 0) return cut
  }
  return text.length
}

/**
 * The last index in `text`, after `from` and before `to`, where every split pattern has a word
 * boundary whatever stands around it: between a letter and something that is neither letter,
 * mark nor ideograph. Both sides can then be split on their own. -1 if there is none.
 */
export function safeCut(text: string, from: number, to: number): number {
  for (let at = to - 1; at > from; at--) {
    const after = text.charCodeAt(at)
    if (isSurrogate(after) || (bitsOf(after) & (LETTER | MARK | HAN)) !== 0) continue
    if ((bitsOf(text.charCodeAt(at - 1)) & LETTER) !== 0) return at
  }
  return -1
}

const isSurrogate = (code: number): boolean => (code & 0xf800) === 0xd800
const bitsOf = (code: number): number => classOf[code]! || classify(code)
