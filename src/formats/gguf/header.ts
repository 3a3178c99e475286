import { UserError } from '../../errors.ts'
import type { ByteSource } from '../../files/byte-source.ts'
import { Cursor, HEAVY, MoreBytesNeeded, quote } from './bytes.ts'
import { GgufMetadata } from './metadata.ts'
import { TENSOR_TYPES, type TensorTypeName } from './types/index.ts'
import { type GgufValue, readValue } from './values.ts'

/** What the header says of one tensor. */
export interface GgufTensor {
  readonly type: TensorTypeName
  /** Outermost first; the file has it the other way around. */
  readonly shape: readonly number[]
  /** In bytes; the offset counts from the start of the file. */
  readonly offset: number
  readonly length: number
}

export interface GgufHeader {
  metadata: GgufMetadata
  tensors: Map<string, GgufTensor>
}

/** Bytes of a file that are read first, and how many times more where its header is longer. */
const [FIRST, GROWTH] = [2 ** 21, 8]
/** As many are the dimensions of a tensor in ggml. */
export const MAX_DIMENSIONS = 4

/**
 * Reads and checks the header of a GGUF file of version 2 or 3. Nothing is believed before it is
 * compared with the size of the file, so that a hostile header cannot make a reader allocate more
 * than a few times what the file holds. Throws UserError with the field at fault. Format:
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export async function readHeader(source: ByteSource, file: string): Promise<GgufHeader> {
  for (let length = FIRST; ; length *= GROWTH) {
    const bytes = await source.read(0, Math.min(length, source.size))
    try {
      const { metadata, tensors } = parseHeader(new Cursor(bytes, source.size), source.size)
      return { metadata: new GgufMetadata(metadata, file), tensors }
    } catch (error) {
      if (error instanceof UserError) throw new UserError(`${file}: ${error.message}`)
      if (!(error instanceof MoreBytesNeeded)) throw error
    }
  }
}

function parseHeader(cursor: Cursor, size: number) {
  readVersion(cursor)
  // The least that a tensor and a pair of metadata take: an empty name, no dimensions, one byte.
  const tensorCount = cursor.count(24, 'the number of tensors')
  const pairCount = cursor.count(13, 'the number of metadata pairs')
  cursor.allow(HEAVY * (tensorCount + pairCount), 'the number of tensors or pairs')
  const metadata = new Map<string, GgufValue>()
  for (let i = 0; i < pairCount; i++) {
    const key = cursor.string(`metadata key ${i}`)
    const what = `metadata ${quote(key)}`
    if (key === '') throw new UserError(`metadata key ${i} is empty`)
    if (metadata.has(key)) throw new UserError(`${what} is there twice`)
    metadata.set(key, readValue(cursor, what))
  }
  const alignment = alignmentOf(metadata)
  const tensors = new Map<string, GgufTensor>()
  for (let i = 0; i < tensorCount; i++) {
    const name = cursor.string(`the name of tensor ${i}`)
    const what = `tensor ${quote(name)}`
    if (tensors.has(name)) throw new UserError(`${what} is there twice`)
    tensors.set(name, readTensor(cursor, what, alignment))
  }
  return { metadata, tensors: offsetsInFile(tensors, align(cursor.offset, alignment), size) }
}

function readVersion(cursor: Cursor): void {
  const magic = String.fromCharCode(...cursor.take(4, 'the magic number "GGUF"'))
  if (magic !== 'GGUF') {
    throw new UserError(
      `starts with ${quote(magic)}, not "GGUF"; it is no GGUF file (a Git LFS pointer?)`,
    )
  }
  const version = cursor.uint32('the version')
  if (version === 2 || version === 3) return
  const found = version % 2 ** 16 === 0 ? 'big-endian' : `version ${version}`
  throw new UserError(`is ${found}; versions 2 and 3 are read, little-endian; convert it anew`)
}

/** A tensor's entry, its offset counted from the start of the data. */
function readTensor(cursor: Cursor, what: string, alignment: number): GgufTensor {
  const dimensions = cursor.uint32(`${what}: number of dimensions`)
  if (dimensions > MAX_DIMENSIONS) {
    throw new UserError(`${what} has ${dimensions} dimensions; expected at most ${MAX_DIMENSIONS}`)
  }
  const shape: number[] = []
  for (let i = 0; i < dimensions; i++) shape.unshift(cursor.size64(`${what}: dimension ${i}`))
  const type = typeOf(cursor.uint32(`${what}: type`), what)
  const length = bytesOfTensor(type, shape, what)
  const offset = cursor.size64(`${what}: offset`)
  if (offset % alignment !== 0) {
    throw new UserError(`${what}: offset ${offset} is no multiple of the alignment ${alignment}`)
  }
  return { type, shape, offset, length }
}

function typeOf(id: number, what: string): TensorTypeName {
  const types = Object.keys(TENSOR_TYPES) as TensorTypeName[]
  const type = types.find((name) => TENSOR_TYPES[name].id === id)
  if (type) return type
  const known = types.map((name) => `${name} (${TENSOR_TYPES[name].id})`).join(', ')
  throw new UserError(`${what} is of ggml's type ${id}, which is not read; those read are ${known}`)
}

/** Bytes of a tensor. Throws UserError where its rows are no whole blocks, or it is absurd. */
export function bytesOfTensor(
  type: TensorTypeName,
  shape: readonly number[],
  what: string,
): number {
  const { blockSize, bytes } = TENSOR_TYPES[type]
  const row = shape.at(-1) ?? 1
  if (row % blockSize !== 0) {
    throw new UserError(
      `${what} has rows of ${row} elements; ${type} takes multiples of ${blockSize}`,
    )
  }
  let length = bytes / blockSize
  for (const size of shape) {
    length *= size
    if (length > Number.MAX_SAFE_INTEGER) {
      throw new UserError(`${what}: the shape [${shape}] is larger than any file`)
    }
  }
  return length
}

/**
 * The tensors with offsets from the start of the file. Throws UserError where they lie outside it,
 * or overlap.
 */
function offsetsInFile(tensors: Map<string, GgufTensor>, start: number, size: number) {
  let end = start
  let before = ''
  const inOrder = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.length - b.length)
  for (const [name, tensor] of inOrder) {
    const offset = start + tensor.offset
    const what = `tensor ${quote(name)}: bytes ${offset} to ${offset + tensor.length}`
    if (offset + tensor.length > size) {
      throw new UserError(`${what} lie outside the file of ${size}; it is cut short or damaged`)
    }
    if (offset < end) throw new UserError(`${what} overlap those of ${quote(before)}`)
    tensors.set(name, { ...tensor, offset })
    ;[end, before] = [offset + tensor.length, name]
  }
  return tensors
}

export const ALIGNMENT_KEY = 'general.alignment'
const DEFAULT = 32

/** The bytes whose multiples tensors begin at. Throws UserError where they are no power of two. */
export function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const found = metadata.get(ALIGNMENT_KEY)
  if (!found) return DEFAULT
  const { type, value } = found
  if (type !== 'uint32' || !Number.isInteger(Math.log2(Number(value)))) {
    const given = type === 'array' ? type : `${type} ${value}`
    throw new UserError(
      `metadata "${ALIGNMENT_KEY}" is ${given}; expected a power of two, as uint32`,
    )
  }
  return Number(value)
}

export const align = (offset: number, alignment: number): number =>
  Math.ceil(offset / alignment) * alignment
