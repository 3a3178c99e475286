import { UserError } from '../../errors.ts'
import { type ByteWriter, type Cursor, HEAVY } from './bytes.ts'

type Numbers = ArrayLike<number | bigint>

/** A type of numbers: its id in a file, and the arrays that hold them in memory. */
interface NumberFormat {
  id: number
  array: {
    readonly BYTES_PER_ELEMENT: number
    new (buffer: ArrayBuffer): { readonly length: number; [index: number]: number | bigint }
  }
}

const NUMBERS = {
  uint8: { id: 0, array: Uint8Array },
  int8: { id: 1, array: Int8Array },
  uint16: { id: 2, array: Uint16Array },
  int16: { id: 3, array: Int16Array },
  uint32: { id: 4, array: Uint32Array },
  int32: { id: 5, array: Int32Array },
  float32: { id: 6, array: Float32Array },
  uint64: { id: 10, array: BigUint64Array },
  int64: { id: 11, array: BigInt64Array },
  float64: { id: 12, array: Float64Array },
} satisfies Record<string, NumberFormat>

/** The ids of the other types. */
const [BOOL, STRING, ARRAY] = [7, 8, 9]

export type GgufNumberType = keyof typeof NUMBERS

const formatOf = (type: GgufNumberType): NumberFormat => NUMBERS[type]

/** Many values of one type, or arrays again. */
export type GgufArray = { readonly type: 'array' } & (
  | { readonly items: GgufNumberType; readonly value: Numbers }
  | { readonly items: 'bool'; readonly value: readonly boolean[] }
  | { readonly items: 'string'; readonly value: readonly string[] }
  | { readonly items: 'array'; readonly value: readonly GgufArray[] }
)

/**
 * A value of a file's metadata, with its type: llama.cpp minds whether a number is an int32 or a
 * uint32. Read from a file, a 64-bit number is a bigint only where it is no safe integer, and
 * arrays of other numbers are typed arrays.
 */
export type GgufValue =
  | { readonly type: GgufNumberType; readonly value: number | bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | GgufArray

/** Arrays in arrays, at most: no model has been seen to need two. */
const MAX_DEPTH = 4

/** The value at a cursor, its type before it; `what` names it in errors. */
export function readValue(cursor: Cursor, what: string): GgufValue {
  const id = cursor.uint32(`${what}: type`)
  if (id === ARRAY) return readArray(cursor, what, 1)
  if (id === STRING) return { type: 'string', value: cursor.string(what) }
  if (id === BOOL) return { type: 'bool', value: readBool(cursor, what) }
  const type = numberType(id, what)
  return { type, value: readNumbers(cursor, type, 1, what)[0] as number | bigint }
}

function readArray(cursor: Cursor, what: string, depth: number): GgufArray {
  const id = cursor.uint32(`${what}: type of items`)
  const many = <T>(smallest: number, read: () => T, weight = 1): T[] => {
    const length = cursor.count(smallest, `${what}: length`)
    cursor.allow(weight * length, what)
    return Array.from({ length }, read)
  }
  if (id === STRING) {
    return { type: 'array', items: 'string', value: many(8, () => cursor.string(what)) }
  }
  if (id === BOOL) {
    return { type: 'array', items: 'bool', value: many(1, () => readBool(cursor, what)) }
  }
  if (id === ARRAY) {
    if (depth === MAX_DEPTH) {
      throw new UserError(`${what}: arrays are nested in each other more than ${MAX_DEPTH} deep`)
    }
    const value = many(12, () => readArray(cursor, what, depth + 1), HEAVY)
    return { type: 'array', items: 'array', value }
  }
  const items = numberType(id, what)
  const count = cursor.count(NUMBERS[items].array.BYTES_PER_ELEMENT, `${what}: length`)
  return { type: 'array', items, value: readNumbers(cursor, items, count, what) }
}

function readNumbers(cursor: Cursor, type: GgufNumberType, count: number, what: string): Numbers {
  const { array } = formatOf(type)
  const numbers = new array(cursor.take(count * array.BYTES_PER_ELEMENT, what).slice().buffer)
  if (!isWide(type)) return numbers
  cursor.allow(count, what)
  return Array.from(numbers, (value) => {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  })
}

function readBool(cursor: Cursor, what: string): boolean {
  const [byte] = cursor.take(1, what)
  if (byte !== 0 && byte !== 1) throw new UserError(`${what} is ${byte}; a bool is 0 or 1`)
  return byte === 1
}

export const isNumberType = (type: string): type is GgufNumberType => Object.hasOwn(NUMBERS, type)

function numberType(id: number, what: string): GgufNumberType {
  const types = Object.keys(NUMBERS) as GgufNumberType[]
  const type = types.find((name) => NUMBERS[name].id === id)
  if (!type) throw new UserError(`${what} is of type ${id}; types are 0 to 12`)
  return type
}

const isWide = (type: GgufNumberType): boolean => type === 'int64' || type === 'uint64'

/** Writes a value after its type. Throws UserError where a number is none of the type's. */
export function writeValue(writer: ByteWriter, value: GgufValue, what: string): void {
  if (value.type === 'array') {
    writer.uint32(ARRAY)
    writeArray(writer, value, what)
  } else if (value.type === 'string') {
    writer.uint32(STRING)
    writer.string(value.value, what)
  } else if (value.type === 'bool') {
    writer.uint32(BOOL)
    writer.write(Uint8Array.of(Number(value.value)))
  } else {
    writer.uint32(NUMBERS[value.type].id)
    writer.write(encodeNumbers(value.type, [value.value], what))
  }
}

function writeArray(writer: ByteWriter, { items, value }: GgufArray, what: string): void {
  const ids = { array: ARRAY, string: STRING, bool: BOOL }
  writer.uint32(isNumberType(items) ? NUMBERS[items].id : ids[items])
  writer.uint64(value.length)
  if (items === 'string') for (const text of value) writer.string(text, what)
  else if (items === 'bool') writer.write(Uint8Array.from(value, Number))
  else if (items === 'array') for (const array of value) writeArray(writer, array, what)
  else writer.write(encodeNumbers(items, value, what))
}

function encodeNumbers(type: GgufNumberType, values: Numbers, what: string): Uint8Array {
  const { array } = formatOf(type)
  const convert = isWide(type) ? BigInt : Number
  const bytes = new Uint8Array(values.length * array.BYTES_PER_ELEMENT)
  const numbers = new array(bytes.buffer)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint
    if (!fits(type, value)) throw new UserError(`${what} is ${value}, which is no ${type}`)
    numbers[i] = convert(value)
  }
  return bytes
}

function fits(type: GgufNumberType, value: number | bigint): boolean {
  if (type.startsWith('float')) return typeof value === 'number'
  const bits = 8 * NUMBERS[type].array.BYTES_PER_ELEMENT
  const [from, to] = type.startsWith('u') ? [0, 2 ** bits] : [-(2 ** (bits - 1)), 2 ** (bits - 1)]
  return (typeof value === 'bigint' || Number.isInteger(value)) && value >= from && value < to
}

/** Values of the types that llama.cpp expects of most keys. */
export const uint32 = (value: number): GgufValue => ({ type: 'uint32', value })
export const float32 = (value: number): GgufValue => ({ type: 'float32', value })
export const text = (value: string): GgufValue => ({ type: 'string', value })
export const flag = (value: boolean): GgufValue => ({ type: 'bool', value })
const array =
  <T>(items: Exclude<GgufArray['items'], 'array'>) =>
  (value: T): GgufValue =>
    ({ type: 'array', items, value }) as GgufValue
export const texts = array<readonly string[]>('string')
export const flags = array<readonly boolean[]>('bool')
export const float32s = array<ArrayLike<number>>('float32')
export const int32s = array<ArrayLike<number>>('int32')
export const uint8s = array<ArrayLike<number>>('uint8')
