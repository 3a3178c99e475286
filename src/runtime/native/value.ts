import { DTYPES, type DType } from '../../graph/dtype.ts'
import type { Environment } from './environment.ts'
import type { Pointer } from './koffi.ts'

/** An OrtValue over `bytes` of memory that the caller keeps in place and alive. */
export function createValue(
  { api, cpuMemory }: Environment,
  dtype: DType,
  shape: readonly number[],
  address: Pointer,
  bytes: number,
): Pointer {
  const dims = BigInt64Array.from(shape, BigInt)
  const type = [dims, dims.length, DTYPES[dtype].onnx] as const
  return api.create('CreateTensorWithDataAsOrtValue', cpuMemory, address, bytes, ...type)
}
