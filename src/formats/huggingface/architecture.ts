import type { Task } from '../../models/head-config.ts'
import type { ModelConfig } from '../../models/model.ts'
import type { Activation } from '../../nn/index.ts'
import type { Rename } from '../tensor-map.ts'
import type { FieldReader } from './fields.ts'

/** How one architecture of Hugging Face models says what a `ModelConfig` and its parameters say. */
export interface Architecture {
  /** `model_type` in config.json. */
  modelType: string
  /** Fields of config.json; undefined for another kind of model. */
  write(config: ModelConfig): Record<string, unknown> | undefined
  /** Other names of fields, each with the name that `read` asks for. */
  aliases?: Readonly<Record<string, string>>
  /** From config.json; `field` reads a field and remembers that it is known. */
  read(field: FieldReader): ModelConfig
  /** None: tensors bear the parameters' names. */
  renames(head: Task | undefined, config: ModelConfig): readonly Rename[]
  /** What names of tensors begin with, and leave out where only the body was saved. */
  prefix?: string
}

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
