import {
  cast,
  constant,
  cumulativeSum,
  expand,
  maximum,
  type Shape,
  sub,
  type Tensor,
} from '../../graph/index.ts'

/**
 * Places of tokens that a mask (B, S) of 1 and 0 tells: 0, 1, ... in each row, padding not counted.
 * -> (B, S) int32.
 */
export const positionsOf = (mask: Tensor): Tensor =>
  maximum(sub(cumulativeSum(cast(mask, 'int32'), 1), 1), 0)

/** (B, S) int32 ones, of the sizes that `like` has. */
export const onesOf = (shape: Shape, like: Tensor): Tensor =>
  expand(constant(1, [], 'int32'), shape, like)
