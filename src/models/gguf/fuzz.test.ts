import fc from 'fast-check'
import { expect, it } from 'vitest'
import { collect } from '../../../test/gguf.ts'
import { UserError } from '../../errors.ts'
import { encodeGguf } from './encode.ts'
import { openGguf } from './gguf.ts'
import type { GgufValue } from './values.ts'

const CASES = process.env.CHECK_LONG ? 10_000 : 100

/** Numbers that counts, lengths, types and offsets go wrong with. */
const someNumber = fc.oneof(
  fc.bigInt(0n, 64n),
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc
    .tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: -1, max: 1 }))
    .map(([bits, more]) => BigInt.asUintN(64, 2n ** BigInt(bits) + BigInt(more))),
)

/** A number of 4 or 8 bytes put in a place, a byte replaced, a stretch cut out, or bytes put in. */
const someMutation = fc.oneof(
  fc.record({
    kind: fc.constant('number' as const),
    at: fc.nat(),
    size: fc.constantFrom(4, 8),
    value: someNumber,
  }),
  fc.record({ kind: fc.constant('byte' as const), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), length: fc.nat(40) }),
  fc.record({ kind: fc.constant('put' as const), at: fc.nat(), bytes: fc.uint8Array() }),
)
type Mutation = typeof someMutation extends fc.Arbitrary<infer T> ? T : never

const concat = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))

/** `fields` are where numbers of the header begin: most of those that are put go there. */
const mutate = (file: Uint8Array, mutation: Mutation, fields: readonly number[]): Uint8Array => {
  const at = mutation.at % Math.max(file.length, 1)
  switch (mutation.kind) {
    case 'number': {
      const start = mutation.at % 4 ? (fields[mutation.at % fields.length] as number) : at
      if (start + mutation.size > file.length) return file
      const bytes = file.slice()
      const view = new DataView(bytes.buffer, start)
      if (mutation.size === 8) view.setBigUint64(0, mutation.value, true)
      else view.setUint32(0, Number(mutation.value & 0xffffffffn), true)
      return bytes
    }
    case 'byte':
      return concat(file.subarray(0, at), Uint8Array.of(mutation.byte), file.subarray(at + 1))
    case 'cut':
      return concat(file.subarray(0, at), file.subarray(at + mutation.length))
    case 'put':
      return concat(file.subarray(0, at), mutation.bytes, file.subarray(at))
  }
}

const metadata = new Map<string, GgufValue>([
  ['general.alignment', { type: 'uint32', value: 8 }],
  ['name', { type: 'string', value: 'tiny' }],
  ['tied', { type: 'bool', value: true }],
  ['size', { type: 'uint64', value: 5 }],
  ['tokens', { type: 'array', items: 'string', value: ['a', 'é', ''] }],
  ['scores', { type: 'array', items: 'float32', value: [0, -1, -2] }],
  ['counts', { type: 'array', items: 'int64', value: [1, 2] }],
  [
    'nested',
    { type: 'array', items: 'array', value: [{ type: 'array', items: 'bool', value: [true] }] },
  ],
])
const tensors = [
  { name: 'embedding', type: 'F32', shape: [2, 3], data: new Float32Array(6).fill(0.5) },
  { name: 'norm', type: 'F16', shape: [3], data: new Float32Array(3).fill(1) },
  { name: 'query', type: 'Q8_0', shape: [2, 32], data: new Float32Array(64).fill(-1) },
  { name: 'value', type: 'Q6_K', shape: [256], data: new Uint8Array(210).fill(77) },
] as const

it(`survives ${CASES} mutations: read in bounds, or refused as the user's mistake`, async () => {
  const whole = await collect(encodeGguf({ metadata, tensors }))
  const { tensors: placed } = await openGguf(sourceOf(whole, () => undefined))
  const header = Math.min(...[...placed.values()].map(({ offset }) => offset))
  // Numbers of the header are small: a byte, then zeros.
  const fields = [4, 8, 16]
  for (let at = 24; at < header - 8; at++) {
    const low = whole[at + 1] === 0 && whole[at + 2] === 0 && whole[at + 3] === 0
    if (low && whole[at] !== 0) fields.push(at)
  }
  let [opened, refused] = [0, 0]
  const mutations = fc.array(someMutation, { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(mutations, async (list) => {
      const bytes = list.reduce<Uint8Array>(
        (file, mutation) => mutate(file, mutation, fields),
        whole,
      )
      let read = 0
      const count = (length: number) => {
        read += length
      }
      try {
        const file = await openGguf(sourceOf(bytes, count))
        expect(read).toBeLessThanOrEqual(bytes.length)
        let covered = 0
        for (const [name, { shape, length }] of file.tensors) {
          expect((await file.readFloat32(name)).length).toBe(shape.reduce((a, b) => a * b, 1))
          covered += length
        }
        expect(covered).toBeLessThan(bytes.length)
        opened++
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        refused++
      }
    }),
    { numRuns: CASES },
  )
  // Both outcomes occur: most damage is seen, damage to a value cannot be.
  expect(opened).toBeGreaterThan(CASES / 20)
  expect(refused).toBeGreaterThan(CASES / 4)
})

/** A source that allows no read outside of its bytes. */
const sourceOf = (bytes: Uint8Array, count: (length: number) => void) => ({
  size: bytes.length,
  read: async (offset: number, length: number) => {
    const inside = offset >= 0 && length >= 0 && offset + length <= bytes.length
    if (!inside) throw new Error(`read ${length} at ${offset} of ${bytes.length} bytes`)
    count(length)
    return bytes.slice(offset, offset + length)
  },
})
