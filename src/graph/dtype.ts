/** Element types of tensors. Halves are stored as their 16 raw bits. */
export type DType = 'float32' | 'float16' | 'int64' | 'int32' | 'uint8' | 'int8' | 'bool'

export type TypedArray =
  | Float32Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Uint8Array
  | Int8Array

interface DTypeInfo {
  /** `TensorProto.DataType` of the ONNX specification. */
  onnx: number
  bytes: number
  array: {
    new (length: number): TypedArray
    new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray
  }
}

export const DTYPES = {
  float32: { onnx: 1, bytes: 4, array: Float32Array },
  uint8: { onnx: 2, bytes: 1, array: Uint8Array },
  int8: { onnx: 3, bytes: 1, array: Int8Array },
  int32: { onnx: 6, bytes: 4, array: Int32Array },
  int64: { onnx: 7, bytes: 8, array: BigInt64Array },
  bool: { onnx: 9, bytes: 1, array: Uint8Array },
  float16: { onnx: 10, bytes: 2, array: Uint16Array },
} as const satisfies Record<DType, DTypeInfo>

/** Types that elements are stored in; what is computed with is a `DType`. */
export const STORED_DTYPES = {
  ...DTYPES,
  bfloat16: { onnx: 16, bytes: 2, array: Uint16Array },
} as const satisfies Record<string, DTypeInfo>

export type StoredDType = keyof typeof STORED_DTYPES

export const FLOATS: readonly DType[] = ['float32', 'float16']
export const NUMBERS: readonly DType[] = [...FLOATS, 'int64', 'int32', 'uint8', 'int8']
export const INDICES: readonly DType[] = ['int32', 'int64']

/** A typed array of `length` zeros for `dtype`. */
export const zeros = (dtype: DType, length: number): TypedArray => new DTYPES[dtype].array(length)
