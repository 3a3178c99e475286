import type { TensorType } from './tensor-type.ts'
import { bytesOf } from './views.ts'

/** float32, as it is. */
export const F32: TensorType = {
  id: 0,
  blockSize: 1,
  bytes: 4,
  dequantize: (blocks, out) => bytesOf(out).set(blocks),
  quantize: bytesOf,
}
