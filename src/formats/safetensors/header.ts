import { UserError } from '../../errors.ts'
import type { ByteSource } from '../../files/byte-source.ts'
import { duplicateKey } from '../../files/json-duplicates.ts'
import { STORED_DTYPES, type StoredDType } from '../../graph/dtype.ts'

/**
 * Element types of a file, and how each is held in memory (BF16 and F16 as their 16 raw bits).
 * The order is the one in which the format's reference implementation lays tensors out.
 */
export const SAFETENSORS_DTYPES = {
  I64: 'int64',
  F32: 'float32',
  I32: 'int32',
  BF16: 'bfloat16',
  F16: 'float16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
} as const satisfies Record<string, StoredDType>

export type SafetensorsDType = keyof typeof SAFETENSORS_DTYPES

export const bytesPerElement = (dtype: SafetensorsDType): number =>
  STORED_DTYPES[SAFETENSORS_DTYPES[dtype]].bytes

/** What the header says of one tensor. `offset` and `length` are bytes, counted in the file. */
export interface TensorEntry {
  readonly dtype: SafetensorsDType
  readonly shape: readonly number[]
  readonly offset: number
  readonly length: number
}

export interface SafetensorsHeader {
  tensors: Map<string, TensorEntry>
  metadata: Record<string, string>
}

/** The reference implementation's limit. */
const MAX_HEADER = 100_000_000

/**
 * Reads and checks the header: 8 bytes of length (little-endian), then JSON, then the data, which
 * the tensors must cover without holes, overlaps or rest. Nothing is believed before it is compared
 * with the size of the file, so a hostile header cannot make a reader allocate more than the file
 * holds.
 * Throws UserError with the field at fault. Format: https://github.com/huggingface/safetensors
 */
export const readHeader = async (source: ByteSource, file: string): Promise<SafetensorsHeader> => {
  const fault = (what: string) => new UserError(`${file}: ${what}`)
  const rest = source.size - 8
  if (rest < 0) {
    throw fault(`has ${source.size} bytes; a safetensors file starts with 8 bytes of header length`)
  }
  const first = await source.read(0, 8)
  const claimed = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true)
  if (claimed > BigInt(rest)) {
    throw fault(
      `the header length is ${claimed}, but ${rest} bytes follow it; the file is cut short, or ` +
        'is not safetensors (a Git LFS pointer?)',
    )
  }
  const length = Number(claimed)
  if (length > MAX_HEADER) throw fault(`the header length is ${length}, above ${MAX_HEADER}`)
  try {
    return parseHeader(await source.read(8, length), 8 + length, source.size)
  } catch (error) {
    throw error instanceof UserError ? fault(error.message) : error
  }
}

const parseHeader = (bytes: Uint8Array, start: number, end: number): SafetensorsHeader => {
  const header = parseObject(bytes)
  const { __metadata__: metadata = {}, ...entries } = header
  if (!isRecord(metadata)) throw new UserError('__metadata__ is not an object')
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') {
      throw new UserError(`__metadata__[${JSON.stringify(key)}] is not a string`)
    }
  }
  const tensors = new Map(
    Object.entries(entries).map(([name, entry]) => [name, parseEntry(name, entry, start, end)]),
  )
  checkCoverage(tensors, start, end)
  return { tensors, metadata: metadata as Record<string, string> }
}

const parseObject = (bytes: Uint8Array): Record<string, unknown> => {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    value = JSON.parse(text)
  } catch (error) {
    throw new UserError(`the header is not JSON in UTF-8: ${(error as Error).message}`)
  }
  if (!isRecord(value) || !text.startsWith('{')) {
    throw new UserError('the header is not a JSON object that starts with its brace')
  }
  const twice = duplicateKey(text)
  if (twice !== undefined) throw new UserError(`the header has ${JSON.stringify(twice)} twice`)
  return value
}

const parseEntry = (name: string, entry: unknown, start: number, end: number): TensorEntry => {
  const fault = (what: string) => new UserError(`tensor ${JSON.stringify(name)}: ${what}`)
  if (!isRecord(entry)) throw fault('is not an object with dtype, shape and data_offsets')
  const { dtype, shape, data_offsets: offsets } = entry
  if (typeof dtype !== 'string' || !Object.hasOwn(SAFETENSORS_DTYPES, dtype)) {
    const known = Object.keys(SAFETENSORS_DTYPES).join(', ')
    throw fault(`dtype is ${show(dtype)}; expected one of ${known}`)
  }
  const type = dtype as SafetensorsDType
  if (!isCounts(shape)) throw fault(`shape is ${show(shape)}; expected non-negative integers`)
  let length = bytesPerElement(type)
  for (const size of shape) {
    length *= size
    if (!Number.isSafeInteger(length)) throw fault(`shape ${show(shape)} is larger than any file`)
  }
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw fault(`data_offsets is ${show(offsets)}; expected two non-negative integers`)
  }
  const [from, to] = offsets as [number, number]
  if (from > to || to > end - start) {
    throw fault(`data_offsets ${show(offsets)} lie outside the ${end - start} bytes of data`)
  }
  if (to - from !== length) {
    throw fault(
      `data_offsets ${show(offsets)} hold ${to - from} bytes, but ${type} ${show(shape)} needs ` +
        `${length}`,
    )
  }
  return { dtype: type, shape, offset: start + from, length }
}

const checkCoverage = (tensors: Map<string, TensorEntry>, start: number, end: number): void => {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.length - b.length)
  let covered = start
  for (const [name, { offset, length }] of inOrder) {
    if (offset !== covered) {
      throw new UserError(
        `tensor ${JSON.stringify(name)}: data_offsets begin at ${offset - start}, ` +
          `${offset < covered ? 'inside' : 'not at'} the end ${covered - start} of the tensor ` +
          'before',
      )
    }
    covered = offset + length
  }
  if (covered !== end) {
    throw new UserError(`${end - covered} bytes after the last tensor belong to none`)
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)

/** JSON of a value that may be long or hostile, cut to the length of a message. */
const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** Types of weights, by safetensors' and PyTorch's names. */
export const HUGGINGFACE_DTYPES = {
  f32: { dtype: 'F32', torch: 'float32' },
  f16: { dtype: 'F16', torch: 'float16' },
  bf16: { dtype: 'BF16', torch: 'bfloat16' },
} as const

export type HuggingFaceDtype = keyof typeof HUGGINGFACE_DTYPES
