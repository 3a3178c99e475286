import type { Pointer } from '../../files/koffi.ts'
import { DTYPES, type DType } from '../../graph/dtype.ts'
import type { Environment } from './environment.ts'

/**
 * An OrtValue over `bytes` of memory (`kind` describes it) that the caller keeps alive and in
 * place.
 */
export function createValue(
  { api, cpuMemory }: Environment,
  dtype: DType,
  shape: readonly number[],
  address: Pointer,
  bytes: number,
  kind = cpuMemory,
): Pointer {
  const dims = BigInt64Array.from(shape, BigInt)
  const type = [dims, dims.length, DTYPES[dtype].onnx] as const
  return api.create('CreateTensorWithDataAsOrtValue', kind, address, bytes, ...type)
}
