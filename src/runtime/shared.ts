/** Something outside JavaScript that several owners share: it is freed when the last lets go. */
export class Shared {
  #owners = 1
  readonly #free: () => void

  constructor(free: () => void) {
    this.#free = free
  }

  retain(): void {
    this.#owners++
  }

  release(): void {
    this.#owners--
    if (this.#owners === 0) this.#free()
  }
}
