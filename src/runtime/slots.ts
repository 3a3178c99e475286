/** A semaphore: limits how much runs at once, first come, first served. */
export class Slots {
  readonly size: number
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(size: number) {
    this.size = size
    this.#free = size
  }

  /** Does `work` once a slot is free. Rejects with `signal.reason` if aborted before. */
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

  /** Resolves once all work requested so far has ended. */
  async drain(): Promise<void> {
    await Promise.all(Array.from({ length: this.size }, () => this.#enter()))
    for (let i = 0; i < this.size; i++) this.#leave()
  }

  /** Takes a slot; returns a promise if none is free. */
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
