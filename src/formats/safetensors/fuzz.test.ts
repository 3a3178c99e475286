import fc from 'fast-check'
import { expect, it } from 'vitest'
import { UserError } from '../../errors.ts'
import { encodeSafetensors, openSafetensors } from './safetensors.ts'

const CASES = process.env.CHECK_LONG ? 10_000 : 300

/** A byte replaced, a stretch cut out, bytes put in, or a number of the header changed. */
const someMutation = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), length: fc.nat(40) }),
  fc.record({ kind: fc.constant('put' as const), at: fc.nat(), bytes: fc.uint8Array() }),
  fc.record({
    kind: fc.constant('number' as const),
    at: fc.nat(),
    value: fc.oneof(
      fc.nat(64),
      fc.constantFrom('-1', '1e300', '9007199254740993', '4294967296', '0.5', '[]', '"8"', 'null'),
    ),
  }),
  fc.record({
    kind: fc.constant('word' as const),
    at: fc.nat(),
    value: fc.constantFrom('F32', 'BOOL', 'F64', '__proto__', 'data_offsets', '__metadata__'),
  }),
)
type Mutation = typeof someMutation extends fc.Arbitrary<infer T> ? T : never

const concat = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))

/** The header's text through `change`, its length written anew. */
const withHeader = (file: Uint8Array, change: (text: string) => string): Uint8Array => {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true))
  if (length > file.length - 8) return file
  const text = change(new TextDecoder().decode(file.subarray(8, 8 + length)))
  const header = new TextEncoder().encode(text)
  const first = new Uint8Array(8)
  new DataView(first.buffer).setBigUint64(0, BigInt(header.length), true)
  return concat(first, header, file.subarray(8 + length))
}

const replaceOne = (text: string, pattern: RegExp, at: number, value: string): string => {
  const matches = [...text.matchAll(pattern)]
  const match = matches[at % Math.max(matches.length, 1)]
  if (!match) return text
  return text.slice(0, match.index) + value + text.slice(match.index + match[0].length)
}

const mutate = (file: Uint8Array, mutation: Mutation): Uint8Array => {
  if (file.length < 8) return file
  const at = mutation.at % file.length
  switch (mutation.kind) {
    case 'set':
      return concat(file.subarray(0, at), Uint8Array.of(mutation.byte), file.subarray(at + 1))
    case 'cut':
      return concat(file.subarray(0, at), file.subarray(at + mutation.length))
    case 'put':
      return concat(file.subarray(0, at), mutation.bytes, file.subarray(at))
    case 'number':
      return withHeader(file, (text) => replaceOne(text, /\d+/g, at, String(mutation.value)))
    case 'word':
      return withHeader(file, (text) => replaceOne(text, /(?<=")\w+(?=")/g, at, mutation.value))
  }
}

it(`survives ${CASES} mutations: reads within bounds, or refuses with a UserError`, async () => {
  const pieces: Uint8Array[] = []
  for await (const piece of encodeSafetensors([
    { name: 'embedding', dtype: 'F32', shape: [2, 3], data: new Float32Array(6).fill(0.5) },
    { name: 'norm', dtype: 'BF16', shape: [3], data: new Float32Array(3).fill(1) },
    { name: 'ids', dtype: 'I64', shape: [1, 2], data: BigInt64Array.of(1n, 2n) },
    { name: 'mask', dtype: 'BOOL', shape: [5], data: new Uint8Array(5) },
  ])) {
    pieces.push(piece)
  }
  const whole = concat(...pieces)
  let [opened, refused] = [0, 0]
  const mutations = fc.array(someMutation, { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(mutations, async (list) => {
      const bytes = list.reduce(mutate, whole)
      const source = {
        size: bytes.length,
        read: async (offset: number, length: number) => {
          const inside = offset >= 0 && length >= 0 && offset + length <= bytes.length
          if (!inside) throw new Error(`read ${length} at ${offset} of ${bytes.length} bytes`)
          return bytes.slice(offset, offset + length)
        },
      }
      try {
        const file = await openSafetensors(source)
        let covered = 0
        for (const [name, { shape, length }] of file.tensors) {
          expect((await file.read(name)).length).toBe(shape.reduce((a, b) => a * b, 1))
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
  expect(opened).toBeGreaterThan(0)
  expect(refused).toBeGreaterThan(CASES / 4)
})
