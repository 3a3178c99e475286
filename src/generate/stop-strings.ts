/** Lets text through up to the first stop string, of which no part ever comes out. */
export class StopStrings {
  readonly #stops: readonly string[]
  #held = ''
  #stopped = false

  constructor(stops: readonly string[]) {
    this.#stops = stops
  }

  /** True once a stop string was met. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** The text that is sure to come before any stop string. */
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

  /** What was held back, at the end of the text. */
  end(): string {
    const rest = this.#held
    this.#held = ''
    return rest
  }

  /** Length of the longest end of `text` with which a stop string begins. */
  #beginningAtEnd(text: string): number {
    const longest = this.#stops.reduce((most, stop) => Math.max(most, stop.length), 0)
    for (let size = Math.min(longest - 1, text.length); size > 0; size--) {
      const end = text.slice(-size)
      if (this.#stops.some((stop) => stop.startsWith(end))) return size
    }
    return 0
  }
}

/** Where the stop string begins that is complete first; of several that end there, the longest. */
function firstOf(stops: readonly string[], text: string): number | undefined {
  let [start, end]: [number | undefined, number] = [undefined, Number.POSITIVE_INFINITY]
  for (const stop of stops) {
    const place = text.indexOf(stop)
    if (place < 0 || place + stop.length > end) continue
    if (place + stop.length === end && place > (start ?? 0)) continue
    start = place
    end = place + stop.length
  }
  return start
}
