import type { ModelConfig } from '../../../models/model.ts'
import type { Rename } from '../../tensor-map.ts'
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
  renames(config: ModelConfig): readonly Rename[]
  /** Tensors that are no parameters. */
  constants?(config: ModelConfig): GgufConstant[]
}

/** A tensor that follows from the configuration. */
export interface GgufConstant {
  name: string
  values: Float32Array
}
