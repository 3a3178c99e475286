import { FLOATS } from '../dtype.ts'
import { apply, at, checkDTypes, type Op, type Tensor } from '../tensor.ts'
import { customGradient } from './custom-gradient.ts'
import { add, erf, exp, mul, sigmoid, sub } from './elementwise.ts'

const geluOp: Op<{ approximate: 'tanh' | 'none' }> = {
  name: 'gelu',
  infer: (inputs) => {
    checkDTypes('gelu', inputs, FLOATS)
    return { dtype: at(inputs, 0).dtype, shape: at(inputs, 0).shape }
  },
  vjp: ({ inputs, attrs }, [g]) => [
    g && mul(g, (attrs.approximate === 'tanh' ? geluTanhSlope : geluErfSlope)(at(inputs, 0))),
  ],
  onnx: ({ inputs, outputs, attrs }, emit) => emit.node('Gelu', inputs, outputs, attrs),
}

const LINEAR = 2 * Math.sqrt(2 / Math.PI)
const CUBIC = 0.044715 * LINEAR

/**
 * With u = LINEAR x + CUBIC x^3, tanh-GELU is x sigmoid(u), for (1 + tanh(u / 2)) / 2 = sigmoid(u);
 * so its slope is s + x s (1 - s) u'.
 */
function geluTanhSlope(x: Tensor): Tensor {
  const square = mul(x, x)
  const s = sigmoid(mul(x, add(mul(square, CUBIC), LINEAR)))
  const slope = add(mul(square, 3 * CUBIC), LINEAR)
  return mul(s, add(mul(mul(x, sub(1, s)), slope), 1))
}

/** Cumulative distribution + x times density of the normal distribution. */
function geluErfSlope(x: Tensor): Tensor {
  const cumulative = add(mul(erf(mul(x, Math.SQRT1_2)), 0.5), 0.5)
  const density = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI))
  return add(cumulative, mul(x, density))
}

/** Gaussian error linear unit (Hendrycks & Gimpel 2016), exact: x times the normal distribution. */
export const gelu = (x: Tensor): Tensor => apply(geluOp, [x], { approximate: 'none' })

/** GELU in its tanh form, as GPT-2 has it. */
export const geluTanh = (x: Tensor): Tensor => apply(geluOp, [x], { approximate: 'tanh' })

/** x sigmoid(x), also named swish (Elfwing et al. 2017). */
export function silu(x: Tensor): Tensor {
  return customGradient(mul(x, sigmoid(x)), [x], (g, [x], y) => [
    x && mul(g, add(y, mul(sigmoid(x), sub(1, y)))),
  ])
}
