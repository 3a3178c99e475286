/** Numbers of n-grams that are kept apart: seen once, twice, and more often. */
const CLASSES = 3

/** The beginning of a sentence, which is only ever a history. */
const BEGIN = 0

/**
 * An n-gram model with interpolated, modified Kneser-Ney smoothing (Chen & Goodman 1998), trained
 * on sentences of token numbers, 0 to `size` - 1. A sentence ends with a token of its own, and
 * histories do not reach beyond its beginning.
 */
export class KneserNey {
  readonly #order: number
  /** Tokens that can follow a history: the given ones, and the end. */
  readonly #targets: number
  /** Nodes of a tree of n-grams, from the first token on; node 0 is the empty n-gram. */
  readonly #children: ChildTable
  readonly #depth: number[] = [0]
  readonly #parent: number[] = [0]
  /** How often an n-gram was seen; of shorter ones, how many tokens were seen before it. */
  readonly #count: number[] = [0]
  /** Of the n-grams that continue a node: their counts in all, and how many are of each class. */
  #totals = new Float64Array()
  #classes = new Uint32Array()
  /** By length and class of an n-gram: what is taken off its count. */
  #discounts: number[][] = []

  constructor(sentences: Iterable<readonly number[]>, { order = 5, size }: KneserNeyOptions) {
    this.#order = order
    this.#targets = size + 1
    // The beginning, the given tokens, the end.
    this.#children = new ChildTable(size + 2)
    for (const sentence of sentences) this.#add(this.#framed(sentence))
    this.#finish()
  }

  /** Natural logarithm of the probability of a sentence and its end. */
  logProbability(sentence: readonly number[]): number {
    const tokens = this.#framed(sentence)
    let sum = 0
    for (let i = 1; i < tokens.length; i++) sum += Math.log(this.#probability(tokens, i))
    return sum
  }

  /** The probability of each token, and last of the end, after the beginning of a sentence. */
  distribution(history: readonly number[]): number[] {
    const before = this.#framed(history).slice(0, -1)
    return Array.from({ length: this.#targets }, (_, token) =>
      this.#probability([...before, token + 1], before.length),
    )
  }

  #framed(sentence: readonly number[]): number[] {
    return [BEGIN, ...sentence.map((token) => token + 1), this.#targets]
  }

  #add(tokens: readonly number[]): void {
    /** Nodes of the n-grams that end at the token before, by length. */
    let before: number[] = [0]
    for (const [i, token] of tokens.entries()) {
      const nodes = [0]
      const longest = Math.min(this.#order, i + 1)
      const isNew: boolean[] = []
      for (let length = 1; length <= longest; length++) {
        const parent = before[length - 1] as number
        const known = this.#depth.length
        const node = this.#children.find(parent, token, known)
        isNew[length] = node === known
        if (node === known) {
          this.#depth.push(length)
          this.#parent.push(parent)
          this.#count.push(0)
        }
        nodes.push(node)
      }
      // The longest is counted; a shorter one once for each different token before it.
      for (let length = longest; length >= 1; length--) {
        if (length < longest && !isNew[length + 1]) continue
        const node = nodes[length] as number
        this.#count[node] = (this.#count[node] as number) + 1
      }
      before = nodes
    }
  }

  #finish(): void {
    const nodes = this.#depth.length
    this.#totals = new Float64Array(nodes)
    this.#classes = new Uint32Array(nodes * CLASSES)
    const counts = Array.from({ length: this.#order + 1 }, () => [0, 0, 0, 0, 0])
    const begin = this.#children.find(0, BEGIN, -1)
    for (let node = 1; node < nodes; node++) {
      // Nothing predicts the beginning.
      if (node === begin) continue
      const count = this.#count[node] as number
      const parent = this.#parent[node] as number
      this.#totals[parent] = (this.#totals[parent] as number) + count
      const at = parent * CLASSES + Math.min(count, CLASSES) - 1
      this.#classes[at] = (this.#classes[at] as number) + 1
      const ofLength = counts[this.#depth[node] as number] as number[]
      if (count < 5) ofLength[count] = (ofLength[count] as number) + 1
    }
    this.#discounts = counts.map(discountsOf)
  }

  /** Of the token at `index` after those before it. */
  #probability(tokens: readonly number[], index: number): number {
    let probability = 1 / this.#targets
    const token = tokens[index] as number
    for (let length = 1; length <= Math.min(this.#order, index + 1); length++) {
      let history = 0
      for (let i = index - length + 1; i < index; i++)
        history = history < 0 ? -1 : this.#children.find(history, tokens[i] as number, -1)
      const total = history < 0 ? 0 : (this.#totals[history] as number)
      // A history that was never continued says nothing, and neither does a longer one.
      if (total === 0) break
      const discounts = this.#discounts[length] as number[]
      const node = this.#children.find(history, token, -1)
      const count = node < 0 ? 0 : (this.#count[node] as number)
      const kept = count === 0 ? 0 : count - (discounts[Math.min(count, CLASSES) - 1] as number)
      let taken = 0
      for (let i = 0; i < CLASSES; i++)
        taken += (discounts[i] as number) * (this.#classes[history * CLASSES + i] as number)
      probability = (kept + taken * probability) / total
    }
    return probability
  }
}

export interface KneserNeyOptions {
  /** Tokens of the longest n-gram. */
  order?: number
  /** Number of tokens. */
  size: number
}

/** Discounts of n-grams seen once, twice and more often, from how many are seen 1 to 4 times. */
function discountsOf([, one = 0, two = 0, three = 0, four = 0]: readonly number[]): number[] {
  const y = one + two === 0 ? 0 : one / (one + 2 * two)
  const discount = (seen: number, count: number, next: number) => {
    const found = count === 0 ? y : seen - (seen + 1) * y * (next / count)
    // In few data the estimates may lie outside of what a discount can be.
    return Math.min(seen, Math.max(0, found))
  }
  return [discount(1, one, two), discount(2, two, three), discount(3, three, four)]
}

/** From a node and a token to the node of both: a hash table with open addressing. */
class ChildTable {
  readonly #width: number
  #keys = new Float64Array(2 ** 16).fill(-1)
  #nodes = new Int32Array(2 ** 16)
  #size = 0

  constructor(width: number) {
    this.#width = width
  }

  /** The node; if there is none, `added`, which becomes it unless it is negative. */
  find(node: number, token: number, added: number): number {
    const key = node * this.#width + token
    const at = this.#slot(key)
    if (this.#keys[at] === key) return this.#nodes[at] as number
    if (added < 0) return added
    this.#keys[at] = key
    this.#nodes[at] = added
    if (++this.#size * 2 > this.#keys.length) this.#grow()
    return added
  }

  #slot(key: number): number {
    const mask = this.#keys.length - 1
    // Knuth's multiplicative hashing of both halves.
    const mixed = Math.imul(key % 2 ** 32, 0x9e3779b1) ^ Math.imul(key / 2 ** 32, 0x85ebca6b)
    let at = (mixed ^ (mixed >>> 15)) & mask
    while (this.#keys[at] !== -1 && this.#keys[at] !== key) at = (at + 1) & mask
    return at
  }

  #grow(): void {
    const [keys, nodes] = [this.#keys, this.#nodes]
    this.#keys = new Float64Array(keys.length * 2).fill(-1)
    this.#nodes = new Int32Array(keys.length * 2)
    for (const [i, key] of keys.entries()) {
      if (key === -1) continue
      const at = this.#slot(key)
      this.#keys[at] = key
      this.#nodes[at] = nodes[i] as number
    }
  }
}
