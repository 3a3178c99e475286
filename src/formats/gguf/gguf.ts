import { UserError } from '../../errors.ts'
import { type ByteSource, storedAt } from '../../files/byte-source.ts'
import { bufferFor, type NamedTensors } from '../../files/named-tensors.ts'
import type { StoredFloat } from '../../graph/onnx/model.ts'
import { quote } from './bytes.ts'
import { type GgufTensor, readHeader } from './header.ts'
import type { GgufMetadata } from './metadata.ts'
import { CHUNK, TENSOR_TYPES, type TensorTypeName } from './types/index.ts'

/** A GGUF file: metadata, and named tensors, read one at a time. */
export interface Gguf extends NamedTensors {
  readonly metadata: GgufMetadata
  readonly tensors: ReadonlyMap<string, GgufTensor>
  /** A tensor as it is stored, in blocks of its type; `from` of `readFloat32` begins one. */
  read(name: string): Promise<Uint8Array>
  close(): Promise<void>
}

/**
 * Opens a GGUF file, which `close` then closes; `file` names it in errors. Throws UserError when
 * the header is at fault.
 */
export async function openGguf(source: ByteSource, file = 'model.gguf'): Promise<Gguf> {
  const { metadata, tensors } = await readHeader(source, file).catch(async (error) => {
    await source.close?.()
    throw error
  })
  const entry = (name: string): GgufTensor => {
    const found = tensors.get(name)
    if (!found) throw new UserError(`${file}: has no tensor ${quote(name)}`)
    return found
  }

  const read = async (name: string): Promise<Uint8Array> => {
    const { offset, length } = entry(name)
    return source.read(offset, length)
  }

  const readFloat32: Gguf['readFloat32'] = async (name, out, first) => {
    const { type, shape, offset } = entry(name)
    const { blockSize, bytes, dequantize } = TENSOR_TYPES[type]
    const values = bufferFor(name, shape, out, first)
    const start = offset + ((first ?? 0) / blockSize) * bytes
    for (let from = 0; from < values.length; from += CHUNK) {
      const to = Math.min(from + CHUNK, values.length)
      const blocks = await source.read(
        start + (from / blockSize) * bytes,
        ((to - from) / blockSize) * bytes,
      )
      dequantize(blocks, values.subarray(from, to))
    }
    return values
  }

  const locate = (name: string) => {
    const { type, offset } = entry(name)
    const stored = STORED_FLOATS[type]
    return stored && storedAt(source, stored, offset)
  }

  return { metadata, tensors, read, readFloat32, locate, close: async () => source.close?.() }
}

/** Types whose elements lie in the file one by one, as the runtime knows them. */
const STORED_FLOATS: { [type in TensorTypeName]?: StoredFloat } = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
}
