import { z } from 'zod'
import { parseState, position } from '../readers/reader.ts'
import type { Augmenter, Variation } from './augmenter.ts'

/** Varies one value after the other; the same value where nothing is to change. */
export type Draw = <T>(value: T, varied: (value: T, variation: Variation) => T) => T

const schema = z.object({ inner: z.unknown(), draws: position })

/**
 * Draws variations one after the other. Their number is saved beside the state of what is read, so
 * that a resumed run draws the same ones.
 */
export class Draws {
  #count = 0
  readonly #augmenter: Augmenter

  constructor(augmenter: Augmenter) {
    this.#augmenter = augmenter
  }

  readonly next: Draw = (value, varied) => {
    const variation = this.#augmenter.draw(this.#count++)
    return variation ? varied(value, variation) : value
  }

  state(inner: unknown): unknown {
    return { inner, draws: this.#count }
  }

  /** What was given as `inner`. */
  restore(state: unknown): unknown {
    const { inner, draws } = parseState(schema, state, 'augmented data')
    this.#count = draws
    return inner
  }
}
