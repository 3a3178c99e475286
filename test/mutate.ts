import fc from 'fast-check'

/** Numbers that counts, lengths, types and offsets go wrong with. */
const someNumber = fc.oneof(
  fc.bigInt(0n, 64n),
  fc.bigInt(0n, 2n ** 64n - 1n),
  fc
    .tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: -1, max: 1 }))
    .map(([bits, more]) => BigInt.asUintN(64, 2n ** BigInt(bits) + BigInt(more))),
)

/** A number of 4 or 8 bytes put in a place, a byte replaced, a stretch cut out, or bytes put in. */
export const someMutation = fc.oneof(
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
export type Mutation = typeof someMutation extends fc.Arbitrary<infer T> ? T : never

const concat = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))

/** `fields` are where numbers of the header begin: most of those that are put go there. */
export const mutate = (
  file: Uint8Array,
  mutation: Mutation,
  fields: readonly number[],
): Uint8Array => {
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

/** Where numbers of a GGUF header begin: they are small, a byte, then zeros. */
export function numbersOf(file: Uint8Array, header: number): number[] {
  const fields = [4, 8, 16]
  for (let at = 24; at < header - 8; at++) {
    const low = file[at + 1] === 0 && file[at + 2] === 0 && file[at + 3] === 0
    if (low && file[at] !== 0) fields.push(at)
  }
  return fields
}

/** A source that allows no read outside of its bytes. */
export const sourceOf = (bytes: Uint8Array, count: (length: number) => void) => ({
  size: bytes.length,
  read: async (offset: number, length: number) => {
    const inside = offset >= 0 && length >= 0 && offset + length <= bytes.length
    if (!inside) throw new Error(`read ${length} at ${offset} of ${bytes.length} bytes`)
    count(length)
    return bytes.slice(offset, offset + length)
  },
})
