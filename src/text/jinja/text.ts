/** The source of the template's own text. */
export const TEMPLATE = -1

/**
 * Text that records for every character which input it comes from: piece i ends at `ends[i]` and
 * comes from `sources[i]`. Inputs are data, whatever a template does with them, so the origin must
 * survive trimming, splitting and joining. A plain string is the template's own.
 */
export class Text {
  readonly text: string
  readonly ends: readonly number[]
  readonly sources: readonly number[]

  constructor(text: string, ends: readonly number[], sources: readonly number[]) {
    this.text = text
    this.ends = ends
    this.sources = sources
  }
}

export type Str = string | Text

export const from = (text: string, source: number): Str =>
  text === '' || source === TEMPLATE ? text : new Text(text, [text.length], [source])

export const isText = (value: unknown): value is Str =>
  typeof value === 'string' || value instanceof Text

export const plain = (value: Str): string => (typeof value === 'string' ? value : value.text)

export function concat(parts: readonly Str[]): Str {
  if (parts.every((part) => typeof part === 'string')) return parts.join('')
  const ends: number[] = []
  const sources: number[] = []
  let length = 0
  const add = (size: number, source: number): void => {
    if (size === 0) return
    length += size
    if (sources.at(-1) === source) ends[ends.length - 1] = length
    else {
      ends.push(length)
      sources.push(source)
    }
  }
  for (const part of parts) {
    if (typeof part === 'string') add(part.length, TEMPLATE)
    else for (const piece of piecesOf(part)) add(piece.text.length, piece.source)
  }
  return new Text(parts.map(plain).join(''), ends, sources)
}

export function slice(value: Str, start: number, end = plain(value).length): Str {
  if (typeof value === 'string') return value.slice(start, end)
  const text = value.text.slice(start, end)
  if (text === '') return ''
  // The first piece that ends after `start`.
  let low = 0
  let high = value.ends.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((value.ends[middle] as number) > start) high = middle
    else low = middle + 1
  }
  const ends: number[] = []
  const sources: number[] = []
  for (let i = low; i < value.ends.length; i++) {
    const stop = value.ends[i] as number
    ends.push(Math.min(stop, end) - start)
    sources.push(value.sources[i] as number)
    if (stop >= end) break
  }
  return new Text(text, ends, sources)
}

export interface Piece {
  readonly text: string
  readonly source: number
}

export function* piecesOf(value: Str): Generator<Piece> {
  if (typeof value === 'string') {
    if (value !== '') yield { text: value, source: TEMPLATE }
    return
  }
  let start = 0
  for (const [i, end] of value.ends.entries()) {
    yield { text: value.text.slice(start, end), source: value.sources[i] as number }
    start = end
  }
}

/** Changes text piece by piece; what a piece becomes has its source. */
export function mapPieces(value: Str, change: (text: string) => string): Str {
  if (typeof value === 'string') return change(value)
  return concat([...piecesOf(value)].map(({ text, source }) => from(change(text), source)))
}

const HIGH_SURROGATE = /[\ud800-\udbff]/

/** Python counts code points: their number, and where in the string each begins. */
export function codePoints(text: string): { length: number; at: (index: number) => number } {
  if (!HIGH_SURROGATE.test(text)) return { length: text.length, at: (index) => index }
  const starts: number[] = []
  for (let i = 0; i < text.length; i += (text.codePointAt(i) as number) > 0xffff ? 2 : 1)
    starts.push(i)
  return { length: starts.length, at: (index) => starts[index] ?? text.length }
}
