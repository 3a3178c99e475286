/** Types of weights, by safetensors' and PyTorch's names. */
export const HUGGINGFACE_DTYPES = {
  f32: { dtype: 'F32', torch: 'float32' },
  f16: { dtype: 'F16', torch: 'float16' },
  bf16: { dtype: 'BF16', torch: 'bfloat16' },
} as const

export type HuggingFaceDtype = keyof typeof HUGGINGFACE_DTYPES
