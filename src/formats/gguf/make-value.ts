import type { GgufValue } from './values.ts'

/** Values of the types that llama.cpp expects of most keys. */
export const uint32 = (value: number): GgufValue => ({ type: 'uint32', value })
export const float32 = (value: number): GgufValue => ({ type: 'float32', value })
export const text = (value: string): GgufValue => ({ type: 'string', value })
export const flag = (value: boolean): GgufValue => ({ type: 'bool', value })
export const texts = (value: readonly string[]): GgufValue => ({
  type: 'array',
  items: 'string',
  value,
})
export const flags = (value: readonly boolean[]): GgufValue => ({
  type: 'array',
  items: 'bool',
  value,
})
export const float32s = (value: ArrayLike<number>): GgufValue => ({
  type: 'array',
  items: 'float32',
  value,
})
export const int32s = (value: ArrayLike<number>): GgufValue => ({
  type: 'array',
  items: 'int32',
  value,
})
export const uint8s = (value: ArrayLike<number>): GgufValue => ({
  type: 'array',
  items: 'uint8',
  value,
})
