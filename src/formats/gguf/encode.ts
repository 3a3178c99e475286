import { UserError } from '../../errors.ts'
import type { TypedArray } from '../../graph/dtype.ts'
import { ByteWriter, quote } from './bytes.ts'
import { ALIGNMENT_KEY, align, alignmentOf, bytesOfTensor, MAX_DIMENSIONS } from './header.ts'
import { CHUNK, TENSOR_TYPES, type TensorTypeName } from './types/index.ts'
import type { TensorType } from './types/tensor-type.ts'
import { type GgufValue, writeValue } from './values.ts'

/** What `encodeGguf` writes. A function as `data` is called when its tensor's turn comes. */
export interface GgufTensorToWrite {
  name: string
  type: TensorTypeName
  /** Outermost first. */
  shape: readonly number[]
  /** A Float32Array, which is converted, or the bytes as they are to be stored. */
  data: TypedArray | (() => TypedArray | Promise<TypedArray>)
}

export interface GgufToWrite {
  metadata: ReadonlyMap<string, GgufValue>
  tensors: readonly GgufTensorToWrite[]
  /** What tensors' offsets are multiples of: a power of two; else that of the metadata, or 32. */
  alignment?: number
}

const VERSION = 3
/** Bytes of a tensor's name in ggml, whose strings end with a zero. */
const MAX_NAME = 63

/**
 * The bytes of a GGUF file, piece by piece: the header, then each tensor's data, fetched and
 * converted in its turn. Pieces may be views of the tensors: use each before asking for the next.
 * Throws UserError with the key or tensor that the format, or its type, cannot hold.
 */
export async function* encodeGguf(file: GgufToWrite): AsyncGenerator<Uint8Array> {
  const metadata = new Map(file.metadata)
  if (file.alignment !== undefined) {
    metadata.set(ALIGNMENT_KEY, { type: 'uint32', value: file.alignment })
  }
  const alignment = alignmentOf(metadata)
  yield encodeHeader(metadata, file.tensors, alignment)
  for (const tensor of file.tensors) {
    yield* encodeTensor(tensor)
    const length = bytesOfTensor(tensor.type, tensor.shape, tensor.name)
    const rest = align(length, alignment) - length
    if (rest > 0) yield new Uint8Array(rest)
  }
}

function encodeHeader(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensorToWrite[],
  alignment: number,
): Uint8Array {
  const writer = new ByteWriter()
  writer.write(new TextEncoder().encode('GGUF'))
  writer.uint32(VERSION)
  writer.uint64(tensors.length)
  writer.uint64(metadata.size)
  for (const [key, value] of metadata) {
    if (key === '') throw new UserError('a metadata key is empty')
    writer.string(key, 'a metadata key')
    writeValue(writer, value, `metadata ${quote(key)}`)
  }
  const names = new Set<string>()
  let offset = 0
  for (const { name, type, shape } of tensors) {
    const what = `tensor ${quote(name)}`
    if (names.has(name)) throw new UserError(`${what} is there twice`)
    names.add(name)
    if (new TextEncoder().encode(name).length > MAX_NAME) {
      throw new UserError(`${what} has a name of more than ${MAX_NAME} bytes`)
    }
    if (shape.length > MAX_DIMENSIONS) {
      throw new UserError(`${what} has the shape [${shape}]; expected at most 4 dimensions`)
    }
    writer.string(name, what)
    writer.uint32(shape.length)
    for (const size of [...shape].reverse()) writer.uint64(size)
    writer.uint32(TENSOR_TYPES[type].id)
    writer.uint64(offset)
    offset = align(offset + bytesOfTensor(type, shape, what), alignment)
  }
  writer.align(alignment)
  return writer.bytes
}

async function* encodeTensor(tensor: GgufTensorToWrite): AsyncGenerator<Uint8Array> {
  const { name, type, shape, data } = tensor
  const { blockSize, bytes, quantize }: TensorType = TENSOR_TYPES[type]
  const size = shape.reduce((a, b) => a * b, 1)
  const values = typeof data === 'function' ? await data() : data
  if (values instanceof Uint8Array && values.length === (size / blockSize) * bytes) {
    yield values
    return
  }
  if (!(values instanceof Float32Array) || values.length !== size) {
    const given = `${values.constructor.name} of ${values.length}`
    throw new Error(`${name}: ${given} given for ${type} [${shape}]`)
  }
  const fault = (what: string) => new UserError(`tensor ${quote(name)}: ${what}`)
  if (!quantize) throw fault(`${type} is only read; write Q8_0 or Q4_0`)
  for (let from = 0; from < size; from += CHUNK) {
    try {
      yield quantize(values.subarray(from, from + CHUNK))
    } catch (error) {
      throw error instanceof UserError ? fault(error.message) : error
    }
  }
}
