/** Steps that a loss is compared with. */
const WINDOW = 100

/** Standard deviations above the mean from which on a loss is a spike. */
const DEVIATIONS = 6

/** Recent losses, to detect a spike: a loss far above their usual variation. */
export class SpikeDetector {
  readonly #recent: number[] = []

  /** Takes the next loss; true if it is a spike, which later losses are not compared with. */
  isSpike(loss: number): boolean {
    const recent = this.#recent
    const mean = recent.reduce((a, b) => a + b, 0) / recent.length
    const variance = recent.reduce((sum, x) => sum + (x - mean) ** 2, 0) / recent.length
    // A few losses show little of their variation; a small excess is never a spike.
    const limit = mean + Math.max(DEVIATIONS * Math.sqrt(variance), 0.1 * Math.abs(mean))
    if (recent.length >= 20 && loss > limit) return true
    recent.push(loss)
    if (recent.length > WINDOW) recent.shift()
    return false
  }
}
