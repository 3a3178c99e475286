/** A few places, first come, first served: what limits how much runs at once. */
export class Slots {
  readonly size: number
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(size: number) {
    this.size = size
    this.#free = size
  }

  /** Does `work`, at once if a place is free; rejects with `signal.reason` if aborted before. */
  async use<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    const turn = this.#enter(signal)
    if (turn) await turn
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  get isIdle(): boolean {
    return this.#free === this.size
  }

  /** Resolves when everything that was asked for until now has ended. */
  async drain(): Promise<void> {
    await Promise.all(Array.from({ length: this.size }, () => this.#enter()))
    for (let i = 0; i < this.size; i++) this.#leave()
  }

  /** Takes a place; a promise if none is free yet. */
  #enter(signal?: AbortSignal): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--
      return undefined
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', abort)
      this.#waiting.push(enter)
    })
  }

  #leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}
