import type { ModelConfig } from '../../../models/model.ts'
import type { GgufFieldReader, GgufFields } from './fields.ts'

/** The shape of a file's tensor, outermost first, if the file has it. */
export type ShapeOf = (name: string) => readonly number[] | undefined

/** How an architecture of llama.cpp says what a `ModelConfig` and its parameters say. */
export interface GgufArchitecture {
  /** `general.architecture`, which its keys begin with. */
  name: string
  /** Undefined where it is another kind of model. */
  write(config: ModelConfig): GgufFields | undefined
  /** Keys without the architecture's name before them. */
  metadata?(config: ModelConfig): GgufFields
  read(fields: GgufFieldReader, shapeOf: ShapeOf): ModelConfig
  /** A parameter that is in several tensors is read from the first. */
  renames(config: ModelConfig): readonly GgufRename[]
  /** Tensors that are no parameters. */
  constants?(config: ModelConfig): GgufConstant[]
}

/** One tensor of a file and the parameters that are in it. */
export interface GgufRename {
  /** `{i}` stands for each layer. */
  file: string
  /** Parameters, one after the other along the first axis. */
  ours: readonly string[]
  /** `{e}` in the parameters' names stands for each expert; the first axis counts them. */
  stacked?: boolean
  /** Heads whose rows stand in pairs (2i, 2i + 1) in the file, where ours are (i, i + D/2). */
  pairedHeads?: number
  /** Factor on what the file has. */
  times?: number
}

/** A tensor that follows from the configuration. */
export interface GgufConstant {
  name: string
  values: Float32Array
}

export const rename = (file: string, ...ours: string[]): GgufRename => ({ file, ours })

/** `weight` and `bias` of a layer. */
export const both = (file: string, ...ours: string[]): GgufRename[] =>
  ['weight', 'bias'].map((part) => ({
    file: `${file}.${part}`,
    ours: ours.map((name) => `${name}.${part}`),
  }))
