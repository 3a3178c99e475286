import { float16ToFloat32, float32ToFloat16 } from '../../half.ts'
import type { TensorType } from './tensor-type.ts'
import { bytesOf, wordsOf } from './views.ts'

/** float16 (IEEE 754 binary16); what is beyond 65504 becomes infinite. */
export const F16: TensorType = {
  id: 1,
  blockSize: 1,
  bytes: 2,
  dequantize: (blocks, out) => void float16ToFloat32(wordsOf(blocks), out),
  quantize: (values) => bytesOf(float32ToFloat16(values)),
}
