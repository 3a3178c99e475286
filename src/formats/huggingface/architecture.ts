import type { Task } from '../../models/head-config.ts'
import type { ModelConfig } from '../../models/model.ts'
import type { FieldReader } from './fields.ts'

/** How one architecture of Hugging Face models says what a `ModelConfig` and its parameters say. */
export interface Architecture {
  /** `model_type` in config.json. */
  modelType: string
  /** Fields of config.json; undefined where it is another kind of model. */
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

/** One tensor of the file and the parameters that are in it. */
export interface Rename {
  /** `{i}` stands for each layer, `{e}` for each expert. */
  file: string
  /** Parameters, one after the other along the first axis (out). */
  ours: readonly string[]
  /** The file has (in, out), where parameters are (out, in). */
  transposed?: boolean
  /** Added to what the file has. */
  plus?: number
}

/** The same tensor under another name. */
export const rename = (file: string, ...ours: string[]): Rename => ({ file, ours })

/** `weight` and `bias` of a layer; a part that the model does not have is left out. */
export const both = (file: string, ...ours: string[]): Rename[] =>
  ['weight', 'bias'].map((part) => ({
    file: `${file}.${part}`,
    ours: ours.map((name) => `${name}.${part}`),
  }))
