export type RandomState = readonly [number, number, number, number]

/**
 * Seeded random numbers: xoshiro128** (Blackman & Vigna 2018), its state filled by SplitMix32. The
 * same seed gives the same numbers on every machine; the state can be saved and restored.
 */
export class Random {
  #state: Uint32Array

  constructor(seed: number | RandomState) {
    this.#state = typeof seed === 'number' ? splitMix(seed) : Uint32Array.from(seed)
  }

  /** One of many sequences with the same seed, by number. */
  static of(seed: number, number: number): Random {
    const [words, others] = [splitMix(seed), splitMix(number)]
    // Tripled: the sequence 1 of seed 2 is not the sequence 2 of seed 1.
    for (const [i, other] of others.entries()) words[i] = (words[i] as number) + 3 * other
    const [a = 0, b = 0, c = 0, d = 0] = words
    return new Random([a, b, c, d])
  }

  get state(): RandomState {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state
    return [a, b, c, d]
  }

  /** An integer of 32 bits. */
  bits(): number {
    const s = this.#state as Uint32Array & { 0: number; 1: number; 2: number; 3: number }
    const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0
    const shifted = s[1] << 9
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= shifted
    s[3] = rotate(s[3], 11)
    return result
  }

  /** Uniform in [0, 1), with 53 bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6)) / 2 ** 53
  }

  /** An integer in [0, limit). */
  integer(limit: number): number {
    return Math.floor(this.uniform() * limit)
  }

  /** Standard normal (Box & Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()))
    return radius * Math.cos(2 * Math.PI * this.uniform())
  }
}

const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k))

/** SplitMix32: four well-mixed words from both halves of a 64-bit seed. */
function splitMix(seed: number): Uint32Array {
  let x = (seed >>> 0) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1)
  return Uint32Array.from({ length: 4 }, () => {
    x = (x + 0x9e3779b9) | 0
    let z = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  })
}
