/** A field of a GGUF file: a uint32, a uint64, a string after its length, or bytes. */
export type GgufField = number | bigint | string | Uint8Array

/** Fields one after the other; `align` zeros fill up to the next multiple. */
export function ggufFile(...fields: readonly (GgufField | { align: number })[]): Uint8Array {
  const bytes: number[] = []
  const put = (value: bigint, size: number) => {
    for (let i = 0; i < size; i++) bytes.push(Number((value >> BigInt(8 * i)) & 255n))
  }
  for (const field of fields) {
    if (typeof field === 'number') put(BigInt(field), 4)
    else if (typeof field === 'bigint') put(field, 8)
    else if (field instanceof Uint8Array) for (const byte of field) bytes.push(byte)
    else if (typeof field === 'object') while (bytes.length % field.align > 0) bytes.push(0)
    else {
      const text = new TextEncoder().encode(field)
      put(BigInt(text.length), 8)
      bytes.push(...text)
    }
  }
  return Uint8Array.from(bytes)
}

export const MAGIC = new TextEncoder().encode('GGUF')

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  for await (const piece of pieces) parts.push(piece.slice() as Uint8Array<ArrayBuffer>)
  return new Uint8Array(await new Blob(parts).arrayBuffer())
}
