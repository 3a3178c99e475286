import type { Activation } from '../../nn/index.ts'

/** Hugging Face's names of activations. */
export const ACTIVATION_NAMES: Readonly<Record<string, Activation>> = {
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
}

/** The name that is written: the first, or `preferred` where it means the same. */
export const activationName = (activation: Activation, preferred?: string): string | undefined =>
  preferred && ACTIVATION_NAMES[preferred] === activation
    ? preferred
    : Object.keys(ACTIVATION_NAMES).find((name) => ACTIVATION_NAMES[name] === activation)
