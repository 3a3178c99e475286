import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Characters } from './characters.ts'
import { WordEncoder } from './encoder.ts'
import { Merges } from './merges.ts'

/** A byte-pair model whose ids 0 .. 255 are the bytes, and its definition's slow, obvious twin. */
class Model {
  readonly tokens: Uint8Array[] = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))
  readonly pairs: [number, number, number][] = []

  /** Adds the merge unless it is there; a result that is a token already keeps its id. */
  add(left: number, right: number): void {
    if (this.pairs.some(([l, r]) => l === left && r === right)) return
    const bytes = Uint8Array.of(...this.tokens[left]!, ...this.tokens[right]!)
    let id = this.tokens.findIndex((token) => String(token) === String(bytes))
    if (id < 0) id = this.tokens.push(bytes) - 1
    this.pairs.push([left, right, id])
  }

  slowly(bytes: Uint8Array): number[] {
    const ids = [...bytes]
    for (;;) {
      const ranks = ids
        .slice(1)
        .map((right, i) => this.pairs.findIndex(([l, r]) => l === ids[i] && r === right))
      const possible = ranks.filter((rank) => rank >= 0)
      if (possible.length === 0) return ids
      const rank = Math.min(...possible)
      ids.splice(ranks.indexOf(rank), 2, this.pairs[rank]![2])
    }
  }

  merges(): Merges {
    const merges = new Merges(this.pairs.length)
    for (const pair of this.pairs) merges.add(...pair)
    return merges
  }

  characters(merges: Merges): Characters {
    return new Characters(
      merges,
      Int32Array.from({ length: 256 }, (_, byte) => byte),
      (id) => this.tokens[id]!,
    )
  }
}

/**
 * Few characters that share bytes, so that random merges meet; `order` makes the pairs of each
 * model.
 */
const alphabet = [...'ab é一丁七丂啊\u{1f600}']
const texts = fc
  .array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 12 })
  .map((c) => c.join(''))
const bytesInUse = [...new Set(new TextEncoder().encode(alphabet.join('')))]
const models = fc
  .array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { maxLength: 60 })
  .map((picks) => {
    const model = new Model()
    for (const [a, b, first] of picks) {
      // Half of the picks are neighbors in some text, as training would find them.
      const ids = model.slowly(new TextEncoder().encode(alphabet.join('').repeat(2)))
      const made = [...bytesInUse, ...model.tokens.slice(256).map((_, i) => 256 + i)]
      if (first && ids.length > 1)
        model.add(ids[a % (ids.length - 1)]!, ids[(a % (ids.length - 1)) + 1]!)
      else model.add(made[a % made.length]!, made[b % made.length]!)
    }
    return model
  })

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** ids of one word, as bytes to begin with. */
function fromBytes(merges: Merges, bytes: Uint8Array): number[] {
  merges.room(bytes.length).set(bytes)
  return [...merges.ids.slice(0, merges.apply(bytes.length))]
}

describe('merging', () => {
  test('follows the definition, in whatever order the merges stand', () => {
    fc.assert(
      fc.property(models, texts, (model, text) => {
        expect(fromBytes(model.merges(), utf8(text))).toEqual(model.slowly(utf8(text)))
      }),
      { numRuns: 1000 },
    )
  })

  test('starting from characters changes nothing', () => {
    fc.assert(
      fc.property(models, fc.array(texts, { maxLength: 5 }), (model, words) => {
        const merges = model.merges()
        const characters = model.characters(merges)
        for (const word of words.map(utf8)) {
          const count = merges.apply(characters.fill(word, 0, word.length))
          expect([...merges.ids.slice(0, count)]).toEqual(model.slowly(word))
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('a character that others use before it is made starts from bytes', () => {
    const model = new Model()
    const [e, a] = [
      [0xc3, 0xa9],
      [0xe4, 0xb8, 0x80],
    ]
    model.add(e[0]!, e[1]!) // é, id 256
    model.add(a[0]!, a[1]!) // 257
    model.tokens.push(utf8('一')) // 258 is named here but made by the last merge
    model.add(256, 258)
    model.add(0x61, 256)
    model.add(257, a[2]!)
    const merges = model.merges()
    const word = utf8('aé一')
    const count = merges.apply(model.characters(merges).fill(word, 0, word.length))
    expect(model.slowly(word)).toEqual([260, 258])
    expect([...merges.ids.slice(0, count)]).toEqual([260, 258])
  })

  test('a long word is merged as a short one is', () => {
    const long = fc.array(texts, { minLength: 60, maxLength: 80 })
    fc.assert(
      fc.property(models, long, (model, parts) => {
        const word = utf8(parts.join(''))
        expect(fromBytes(model.merges(), word)).toEqual(model.slowly(word))
      }),
      { numRuns: 200 },
    )
  })

  test('time does not grow with the square of the word', () => {
    const model = new Model()
    for (let id = 97, i = 0; i < 12; i++, id = 255 + i) model.add(id, id)
    const word = new Uint8Array(1 << 20).fill(97)
    const ids = fromBytes(model.merges(), word)
    expect(ids).toEqual(new Array(1 << 8).fill(267))
  })
})

test('the cache returns what merging gives, for words of all lengths, again and again', () => {
  fc.assert(
    fc.property(models, fc.array(texts, { maxLength: 30 }), (model, words) => {
      const merges = model.merges()
      const encoder = new WordEncoder(merges, model.characters(merges))
      const parts = [...words, ...words, ...words.map((word) => `${word}\0`)].map(utf8)
      const bytes = Uint8Array.from([...parts.flatMap((part) => [...part]), 1, 2, 3])
      const ends = Int32Array.from(
        parts,
        (
          (end) => (part: Uint8Array) =>
            (end += part.length)
        )(0),
      )
      encoder.append(bytes, ends, parts.length)
      expect([...encoder.ids.slice(0, encoder.count)]).toEqual(
        parts.flatMap((part) => model.slowly(part)),
      )
    }),
    { numRuns: 300 },
  )
})
