import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import type { Examples } from '../batch.ts'
import { IGNORE } from '../batch.ts'
import { allExamples, exampleReader } from '../example-set.ts'
import { packedConversations } from './packed-conversations.ts'
import { type EncodedConversation, packConversations } from './packing.ts'

const learned = (...ids: number[]): EncodedConversation => ({ ids, mask: ids.map(() => 1) })

/** What a conversation gives to learn: each place's input and target. */
const places = ({ ids, mask }: EncodedConversation, length: number): string =>
  JSON.stringify(
    Array.from({ length: Math.min(ids.length - 1, length) }, (_, i) => [
      ids[i],
      mask[i + 1] ? ids[i + 1] : IGNORE,
    ]),
  )

/** The conversations of a batch, found again by its segments. */
const unpack = ({ rows, length, arrays }: Examples): string[] => {
  const { ids, targets, segments: numbers, positions } = arrays as Record<string, Int32Array>
  const found: string[] = []
  for (let row = 0; row < rows; row++) {
    const segments = new Map<number, number[][]>()
    for (let i = row * length; i < (row + 1) * length; i++) {
      const place = [ids?.[i] as number, targets?.[i] as number]
      const segment = numbers?.[i] as number
      if (segment === 0) {
        expect([...place, positions?.[i]]).toEqual([0, IGNORE, 0])
        continue
      }
      const all = segments.get(segment) ?? []
      expect(positions?.[i]).toBe(all.length)
      segments.set(segment, [...all, place])
    }
    expect([...segments.keys()]).toEqual([...segments.keys()].map((_, i) => i + 1))
    found.push(...[...segments.values()].map((all) => JSON.stringify(all)))
  }
  return found
}

const someConversation = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.constantFrom(0, 1)), { maxLength: 12 })
  .map((tokens) => ({ ids: tokens.map(([id]) => id), mask: tokens.map(([, mask]) => mask) }))
const conversations = fc.array(someConversation, { maxLength: 30 })
const length = fc.integer({ min: 1, max: 10 })

describe('packing', () => {
  it('loses nothing, keeps places in order and counts what it cuts', () => {
    fc.assert(
      fc.property(conversations, length, fc.integer({ min: 1, max: 4 }), (all, length, rows) => {
        const useful = all.filter(({ mask }) => mask.slice(1, length + 1).includes(1))
        if (useful.length === 0) {
          expect(() => packedConversations(all, length)).toThrow(UserError)
          return
        }
        const packed = packedConversations(all, length)
        expect([...allExamples(packed, { rows })].flatMap(unpack).sort()).toEqual(
          useful.map((one) => places(one, length)).sort(),
        )
        const { truncated, cutTokens, leftOut } = packed.packing
        const excess = all.map(({ ids }) => Math.max(0, ids.length - length - 1))
        expect(truncated).toBe(excess.filter((n) => n > 0).length)
        expect(cutTokens).toBe(excess.reduce((a, b) => a + b, 0))
        expect(leftOut).toBe(all.length - useful.length)
      }),
    )
  })

  it('fills rows as best fit decreasing does', () => {
    const sizes = [4, 7, 1, 5]
    const all = sizes.map((size) => learned(...Array(size + 1).fill(1)))
    const { rows } = packConversations(all, 10)
    // The last goes to the fuller row, not to the first that has room.
    expect(rows).toEqual([[1], [3, 0, 2]])
  })

  it('lays out two conversations in a row', () => {
    const all = [
      { ids: [5, 6, 7], mask: [0, 0, 1] },
      { ids: [8, 9], mask: [1, 1] },
    ]
    expect(packedConversations(all, 4).collate([0])).toEqual({
      rows: 1,
      length: 4,
      arrays: {
        ids: Int32Array.of(5, 6, 8, 0),
        targets: Int32Array.of(IGNORE, 7, 9, IGNORE),
        segments: Int32Array.of(1, 1, 2, 0),
        positions: Int32Array.of(0, 1, 0, 0),
      },
      count: 2,
    })
  })
})

describe('its reader', () => {
  const all = Array.from({ length: 9 }, (_, i) => learned(...Array(5).fill(i + 1)))
  // Two to a row: five rows, the last half empty.
  const packed = packedConversations(all, 8)

  it('reads every row once a round, the rounds one after the other', () => {
    const reader = exampleReader(packed, { rows: 2, seed: 4 })
    // Five batches of two rows are two rounds of five.
    const read = Array.from({ length: 5 }, () => unpack(reader.next())).flat()
    const twice = all.flatMap((one) => [places(one, 8), places(one, 8)])
    expect(read.sort()).toEqual(twice.sort())
  })

  it('goes on exactly where it was', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(20), (seed, before) => {
        const reader = exampleReader(packed, { rows: 2, seed })
        for (let i = 0; i < before; i++) reader.next()
        const resumed = exampleReader(packed, { rows: 2, seed: seed + 1 })
        resumed.restore(JSON.parse(JSON.stringify(reader.state())))
        for (let i = 0; i < 12; i++) expect(resumed.next()).toEqual(reader.next())
      }),
    )
  })
})
