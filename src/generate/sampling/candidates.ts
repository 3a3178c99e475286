/** The tokens that may be drawn next. One allocation for the whole vocabulary serves every step. */
export class Candidates {
  /** The candidates are ids[0 .. count - 1]; their logits have the same indices. */
  readonly ids: Int32Array
  readonly logits: Float32Array
  count = 0
  /** Working memory of filters. */
  readonly weights: Float64Array
  readonly scratch: Float64Array

  constructor(vocabSize: number) {
    this.ids = new Int32Array(vocabSize)
    this.logits = new Float32Array(vocabSize)
    this.weights = new Float64Array(vocabSize)
    this.scratch = new Float64Array(vocabSize)
  }

  /** Every token of the vocabulary. */
  fill(logits: Float32Array): void {
    this.logits.set(logits)
    this.count = logits.length
    for (let i = 0; i < logits.length; i++) this.ids[i] = i
  }

  get highest(): number {
    let highest = Number.NEGATIVE_INFINITY
    for (let i = 0; i < this.count; i++)
      if ((this.logits[i] as number) > highest) highest = this.logits[i] as number
    return highest
  }

  /** Fills `weights` with unnormalized probabilities; returns their sum. */
  weigh(): number {
    const { highest, logits, weights, count } = this
    let total = 0
    for (let i = 0; i < count; i++) {
      const weight = Math.exp((logits[i] as number) - highest)
      weights[i] = weight
      total += weight
    }
    return total
  }

  /** Overwrites one candidate by another: filters move those they keep to the front. */
  move(from: number, to: number): void {
    this.ids[to] = this.ids[from] as number
    this.logits[to] = this.logits[from] as number
  }
}
