import { UserError } from '../../../errors.ts'
import { float16Bits, float16Value } from '../../half.ts'

/** The float16 at byte `at`: a factor of the whole numbers in a block, or their minimum. */
export const readScale = (blocks: Uint8Array, at: number): number =>
  float16Value((blocks[at] as number) | ((blocks[at + 1] as number) << 8))

/** Writes a float16 at byte `at`. Throws UserError where it would be infinite, or not a number. */
export const writeScale = (blocks: Uint8Array, at: number, scale: number): void => {
  const bits = float16Bits(scale)
  if ((bits & 0x7c00) === 0x7c00) {
    throw new UserError(
      `a block has the scale ${scale}, which half precision cannot hold; its values are too ` +
        'large, or not numbers: see whether training diverged, or write F32',
    )
  }
  blocks[at] = bits
  blocks[at + 1] = bits >> 8
}
