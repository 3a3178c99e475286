import { BF16 } from './bf16.ts'
import { F16 } from './f16.ts'
import { F32 } from './f32.ts'
import { Q4_0 } from './q4-0.ts'
import { Q4_1 } from './q4-1.ts'
import { Q4_K } from './q4-k.ts'
import { Q5_0 } from './q5-0.ts'
import { Q5_1 } from './q5-1.ts'
import { Q5_K } from './q5-k.ts'
import { Q6_K } from './q6-k.ts'
import { Q8_0 } from './q8-0.ts'
import type { TensorType } from './tensor-type.ts'

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
