import { at, ShapeError, type Tensor } from '../tensor.ts'
import { customGradient } from './custom-gradient.ts'
import { add, mul, neg, sub } from './elementwise.ts'
import { concat, split } from './shape.ts'

/**
 * Rotary position embedding (Su et al. 2021), in the order of Hugging Face's Llama: element i turns
 * with element i + D/2. x: (B, H, T, D); cos, sin: (T, D/2) or (B, 1, T, D/2), constant
 * to the derivative.
 */
export function rotary(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const size = at(x.shape, x.rank - 1)
  if (typeof size === 'string' || size % 2 !== 0)
    throw new ShapeError('rotary', [x], `its last axis, ${size}, has no two halves`)
  // A rotation's transpose is the rotation back.
  return customGradient(turn(x, cos, sin), [x, cos, sin], (g, [, cos, sin]) => [
    cos && sin && turn(g, cos, neg(sin)),
  ])
}

function turn(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const half = (at(x.shape, x.rank - 1) as number) / 2
  const [a, b] = split(x, [half, half], -1) as [Tensor, Tensor]
  return concat([sub(mul(a, cos), mul(b, sin)), add(mul(b, cos), mul(a, sin))], -1)
}
