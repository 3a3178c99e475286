import { bfloat16ToFloat32, float32ToBfloat16 } from '../../half.ts'
import type { TensorType } from './tensor-type.ts'
import { bytesOf, wordsOf } from './views.ts'

/** bfloat16: the upper half of a float32, rounded to the nearest. */
export const BF16: TensorType = {
  id: 30,
  blockSize: 1,
  bytes: 2,
  dequantize: (blocks, out) => void bfloat16ToFloat32(wordsOf(blocks), out),
  quantize: (values) => bytesOf(float32ToBfloat16(values)),
}
