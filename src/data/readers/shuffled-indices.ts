import { z } from 'zod'
import { Random, type RandomState } from '../../random.ts'
import { type Position, parseState, position, randomState } from './reader.ts'

const schema = z.object({ random: randomState, place: position })

/** 0 .. count - 1, again and again, each time in a new random order. */
export class ShuffledIndices implements Position {
  #order: Uint32Array
  #position = 0
  /** Of the generator before it drew the present order. */
  #before: RandomState
  #random: Random

  constructor(count: number, seed: number) {
    this.#random = new Random(seed)
    this.#before = this.#random.state
    this.#order = new Uint32Array(count)
    this.#shuffle()
  }

  /** The index at the present position. */
  get current(): number {
    return this.#order[this.#position] as number
  }

  advance(): void {
    if (++this.#position < this.#order.length) return
    this.#position = 0
    this.#shuffle()
  }

  /** The index at the present place, which is left. */
  next(): number {
    const index = this.current
    this.advance()
    return index
  }

  state(): z.infer<typeof schema> {
    return { random: [...this.#before], place: this.#position }
  }

  restore(state: unknown): void {
    const { random, place } = parseState(schema, state, 'shuffled reading')
    this.#random = new Random(random)
    this.#shuffle()
    this.#position = place % this.#order.length
  }

  /** Fisher & Yates's shuffle, from the sorted order, so that the generator alone determines it. */
  #shuffle(): void {
    this.#before = this.#random.state
    for (let i = 0; i < this.#order.length; i++) {
      const j = this.#random.integer(i + 1)
      this.#order[i] = this.#order[j] as number
      this.#order[j] = i
    }
  }
}
