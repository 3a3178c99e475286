import { bytesOf } from '../../../runtime/base-tensor.ts'
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from '../../half.ts'
import { Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 } from './blocks.ts'
import { Q4_K, Q5_K, Q6_K } from './k-quants.ts'
import type { TensorType } from './tensor-type.ts'

/** float32, as it is. */
const F32: TensorType = {
  id: 0,
  blockSize: 1,
  bytes: 4,
  dequantize: (blocks, out) => bytesOf(out).set(blocks),
  quantize: bytesOf,
}

/** float16 (IEEE 754 binary16); what is beyond 65504 becomes infinite. */
const F16: TensorType = {
  id: 1,
  blockSize: 1,
  bytes: 2,
  dequantize: (blocks, out) => void float16ToFloat32(wordsOf(blocks), out),
  quantize: (values) => bytesOf(float32ToFloat16(values)),
}

/** bfloat16: the upper half of a float32, rounded to the nearest. */
const BF16: TensorType = {
  id: 30,
  blockSize: 1,
  bytes: 2,
  dequantize: (blocks, out) => void bfloat16ToFloat32(wordsOf(blocks), out),
  quantize: (values) => bytesOf(float32ToBfloat16(values)),
}

/** Every type that is read, by ggml's name. */
export const TENSOR_TYPES = {
  F32,
  F16,
  BF16,
  Q8_0,
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q4_K,
  Q5_K,
  Q6_K,
} as const satisfies Record<string, TensorType>

export type TensorTypeName = keyof typeof TENSOR_TYPES

/** Elements converted at a time: whole blocks of any type, and few enough to stay in the cache. */
export const CHUNK = 1 << 18

/**
 * What most of a file's matrices can be stored as, and llama.cpp's number of such a file
 * (`llama_ftype`).
 */
export const GGUF_DTYPES = {
  f32: { type: 'F32', fileType: 0 },
  f16: { type: 'F16', fileType: 1 },
  bf16: { type: 'BF16', fileType: 32 },
  q8_0: { type: 'Q8_0', fileType: 7 },
  q4_0: { type: 'Q4_0', fileType: 2 },
} as const satisfies Record<string, { type: TensorTypeName; fileType: number }>

export type GgufDtype = keyof typeof GGUF_DTYPES

/** Bytes as 16-bit words; a copy where they are not aligned. */
function wordsOf(bytes: Uint8Array): Uint16Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes)
  return new Uint16Array(buffer, byteOffset, length / 2)
}
