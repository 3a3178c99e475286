import { formatShape, type Shape } from '../graph/dim.ts'
import type { DType } from '../graph/dtype.ts'

/** `"ids" int64 (2, 8)`, or without a name where there is none yet. */
export function describe(tensor: { name?: string; dtype: DType; shape: Shape }): string {
  const name = tensor.name === undefined ? '' : `"${tensor.name}" `
  return `${name}${tensor.dtype} ${formatShape(tensor.shape)}`
}
