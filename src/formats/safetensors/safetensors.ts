import { UserError } from '../../errors.ts'
import { type ByteSource, storedAt } from '../../files/byte-source.ts'
import { bufferFor, type NamedTensors } from '../../files/named-tensors.ts'
import { sizeOf } from '../../graph/dim.ts'
import { STORED_DTYPES, type TypedArray } from '../../graph/dtype.ts'
import { bytesOf } from '../../runtime/base-tensor.ts'
import type { DeviceTensor } from '../../runtime/engine.ts'
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from '../half.ts'
import {
  bytesPerElement,
  readHeader,
  SAFETENSORS_DTYPES,
  type SafetensorsDType,
  type TensorEntry,
} from './header.ts'

/** Named tensors in a file, or in the shards of one model, read one at a time. */
export interface Weights extends NamedTensors {
  readonly tensors: ReadonlyMap<string, TensorEntry>
  /** The file's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>
  /** The elements as stored (BF16 and F16 as 16 raw bits). */
  read(name: string): Promise<TypedArray>
  close(): Promise<void>
}

/** What `encodeSafetensors` writes. A function as `data` is called when its tensor's turn comes. */
export interface TensorToWrite {
  name: string
  dtype: SafetensorsDType
  shape: readonly number[]
  /** The elements as stored; for BF16 and F16 also a Float32Array, rounded to the nearest. */
  data: TypedArray | (() => TypedArray | Promise<TypedArray>)
}

/** Floats of an engine, such as a parameter, which are read when their turn comes. */
export const floatsToWrite = (
  name: string,
  tensor: Pick<DeviceTensor, 'shape' | 'read'>,
): TensorToWrite => ({ name, dtype: 'F32', shape: tensor.shape, data: () => tensor.read() })

/** Elements converted at a time: bounds the extra memory, and stays in the cache. */
const CHUNK = 1 << 18

/**
 * Opens one file, which `close` then closes; `file` names it in errors. Throws UserError when the
 * header is at fault.
 */
export const openSafetensors = async (
  source: ByteSource,
  file = 'model.safetensors',
): Promise<Weights> => {
  const { tensors, metadata } = await readHeader(source, file).catch(async (error) => {
    await source.close?.()
    throw error
  })
  const entry = (name: string): TensorEntry => {
    const found = tensors.get(name)
    if (!found) throw new UserError(`${file}: has no tensor ${JSON.stringify(name)}`)
    return found
  }

  const read = async (name: string): Promise<TypedArray> => {
    const { dtype, offset, length } = entry(name)
    return viewAs(dtype, await source.read(offset, length))
  }

  /** Of F32, F16 and BF16. */
  const readFloat32: Weights['readFloat32'] = async (name, out, first) => {
    const { dtype, shape, offset } = entry(name)
    const widen = WIDEN[dtype]
    if (!widen) {
      throw new UserError(`${file}: tensor ${JSON.stringify(name)} is ${dtype}, not a float`)
    }
    const width = bytesPerElement(dtype)
    const values = bufferFor(name, shape, out, first)
    const start = offset + (first ?? 0) * width
    for (let from = 0; from < values.length; from += CHUNK) {
      const to = Math.min(from + CHUNK, values.length)
      const bytes = await source.read(start + from * width, (to - from) * width)
      widen(viewAs(dtype, bytes), values.subarray(from, to))
    }
    return values
  }

  const locate = (name: string) => {
    const { dtype, offset } = entry(name)
    const stored = SAFETENSORS_DTYPES[dtype]
    return stored === 'float32' || stored === 'float16' || stored === 'bfloat16'
      ? storedAt(source, stored, offset)
      : undefined
  }

  return { tensors, metadata, read, readFloat32, locate, close: async () => source.close?.() }
}

const WIDEN: { [dtype in SafetensorsDType]?: (data: TypedArray, out: Float32Array) => void } = {
  F32: (data, out) => out.set(data as Float32Array),
  F16: (data, out) => float16ToFloat32(data as Uint16Array, out),
  BF16: (data, out) => bfloat16ToFloat32(data as Uint16Array, out),
}

const NARROW: { [dtype in SafetensorsDType]?: (values: Float32Array) => Uint16Array } = {
  F16: float32ToFloat16,
  BF16: float32ToBfloat16,
}

const viewAs = (dtype: SafetensorsDType, bytes: Uint8Array): TypedArray => {
  const { array, bytes: width } = STORED_DTYPES[SAFETENSORS_DTYPES[dtype]]
  const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : bytes.slice()
  return new array(buffer as ArrayBuffer, byteOffset, bytes.length / width)
}

/**
 * The bytes of a safetensors file, piece by piece: the header, then each tensor's data, fetched and
 * converted in its turn. Pieces may be views of the tensors: use each before asking for the next.
 * Wider elements come first, so that every tensor is aligned; the same tensors give the same bytes
 * as the reference implementation's.
 */
export async function* encodeSafetensors(
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): AsyncGenerator<Uint8Array> {
  const rank = Object.keys(SAFETENSORS_DTYPES)
  const inOrder = [...tensors].sort(
    (a, b) => rank.indexOf(a.dtype) - rank.indexOf(b.dtype) || (a.name < b.name ? -1 : 1),
  )
  yield encodeHeader(inOrder, metadata)
  for (const { name, dtype, shape, data } of inOrder) {
    const values = typeof data === 'function' ? await data() : data
    if (values.length !== sizeOf(shape)) {
      throw new Error(`${name}: ${values.length} elements given for shape [${shape}]`)
    }
    const narrow = values instanceof Float32Array ? NARROW[dtype] : undefined
    if (!narrow) {
      if (!(values instanceof STORED_DTYPES[SAFETENSORS_DTYPES[dtype]].array)) {
        throw new Error(`${name}: ${values.constructor.name} given for ${dtype}`)
      }
      yield bytesOf(values)
      continue
    }
    for (let from = 0; from < values.length; from += CHUNK) {
      yield bytesOf(narrow(values.subarray(from, from + CHUNK) as Float32Array))
    }
  }
}

const encodeHeader = (
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array => {
  const names = new Set(['__metadata__'])
  const fields: string[] = []
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${JSON.stringify(metadata)}`)
  let offset = 0
  for (const { name, dtype, shape } of tensors) {
    if (names.has(name)) throw new Error(`tensor name ${JSON.stringify(name)} is taken`)
    names.add(name)
    const end = offset + sizeOf(shape) * bytesPerElement(dtype)
    const entry = { dtype, shape, data_offsets: [offset, end] }
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`)
    offset = end
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`)
  const length = Math.ceil(json.length / 8) * 8
  const header = new Uint8Array(8 + length).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true)
  header.set(json, 8)
  return header
}
