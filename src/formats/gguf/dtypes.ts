import type { TensorTypeName } from './types/index.ts'

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
