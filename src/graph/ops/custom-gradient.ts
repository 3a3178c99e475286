import { apply, at, type Op, type Tensor } from '../tensor.ts'

interface CustomGradientAttrs {
  vjp: (
    gradient: Tensor,
    inputs: readonly Tensor[],
    value: Tensor,
  ) => readonly (Tensor | undefined)[]
}

const customGradientOp: Op<CustomGradientAttrs> = {
  name: 'customGradient',
  infer: (inputs) => ({ dtype: at(inputs, 0).dtype, shape: at(inputs, 0).shape }),
  vjp: ({ inputs: [value, ...inputs], attrs }, [g]) => [
    undefined,
    ...(g ? attrs.vjp(g, inputs, value as Tensor) : []),
  ],
  simplify: ({ inputs }) => at(inputs, 0),
}

/**
 * `value`, whose derivative is stated rather than derived: `vjp` gives the gradients of `inputs`
 * for the gradient of `value`. For functions whose derivative has a cheaper form. `vjp` uses no
 * other tensors than it is given: where a value is recomputed, these are not those of the forward
 * pass. What it computes anew and the value has computed already costs nothing.
 */
export const customGradient = (
  value: Tensor,
  inputs: readonly Tensor[],
  vjp: CustomGradientAttrs['vjp'],
): Tensor => apply(customGradientOp, [value, ...inputs], { vjp })
