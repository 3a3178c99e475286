import { apply, at, type Op, type Tensor } from '../tensor.ts'

interface CustomGradientAttrs {
  vjp: (gradient: Tensor) => readonly (Tensor | undefined)[]
}

const customGradientOp: Op<CustomGradientAttrs> = {
  name: 'customGradient',
  infer: (inputs) => ({ dtype: at(inputs, 0).dtype, shape: at(inputs, 0).shape }),
  vjp: (node, [g]) => [undefined, ...(g ? node.attrs.vjp(g) : [])],
  simplify: ({ inputs }) => at(inputs, 0),
}

/**
 * `value`, whose derivative is stated rather than derived: `vjp` gives the gradients of `inputs`
 * for the gradient of `value`. For functions whose derivative has a cheaper form.
 */
export const customGradient = (
  value: Tensor,
  inputs: readonly Tensor[],
  vjp: CustomGradientAttrs['vjp'],
): Tensor => apply(customGradientOp, [value, ...inputs], { vjp })
