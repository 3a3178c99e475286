/** Passes text on up to the first stop string, and never a part of one. */
export class StopStrings {
  readonly #stops: readonly string[]
  #held = ''
  #stopped = false

  constructor(stops: readonly string[]) {
    this.#stops = stops
  }

  /** True once a stop string was found. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Returns the text that certainly precedes any stop string. */
  push(text: string): string {
    const whole = this.#held + text
    const found = firstOf(this.#stops, whole)
    if (found !== undefined) {
      this.#stopped = true
      this.#held = ''
      return whole.slice(0, found)
    }
    const sure = whole.length - this.#beginningAtEnd(whole)
    this.#held = whole.slice(sure)
    return whole.slice(0, sure)
  }

  /** Returns the text held back. Call at the end. */
  end(): string {
    const rest = this.#held
    this.#held = ''
    return rest
  }

  /** Length of the longest suffix of `text` that is a prefix of a stop string. */
  #beginningAtEnd(text: string): number {
    const longest = this.#stops.reduce((most, stop) => Math.max(most, stop.length), 0)
    for (let size = Math.min(longest - 1, text.length); size > 0; size--) {
      const end = text.slice(-size)
      if (this.#stops.some((stop) => stop.startsWith(end))) return size
    }
    return 0
  }
}

/** Start of the stop string that ends first; of several that end there, the longest. */
function firstOf(stops: readonly string[], text: string): number | undefined {
  let [start, end]: [number | undefined, number] = [undefined, Number.POSITIVE_INFINITY]
  for (const stop of stops) {
    const found = text.indexOf(stop)
    if (found < 0 || found + stop.length > end) continue
    if (found + stop.length === end && found > (start ?? 0)) continue
    start = found
    end = found + stop.length
  }
  return start
}
