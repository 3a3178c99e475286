/** A reference count: a resource outside JavaScript is freed when its last owner releases it. */
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
