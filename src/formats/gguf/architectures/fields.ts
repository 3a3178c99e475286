import { UserError } from '../../../errors.ts'
import type { ModelConfig } from '../../../models/model.ts'
import type { Rename } from '../../tensor-map.ts'
import { quote } from '../bytes.ts'
import type { GgufMetadata } from '../metadata.ts'
import type { GgufValue } from '../values.ts'

/** The shape of a file's tensor, outermost first, if the file has it. */
export type ShapeOf = (name: string) => readonly number[] | undefined

/** How an architecture of llama.cpp says what a `ModelConfig` and its parameters say. */
export interface GgufArchitecture {
  /** `general.architecture`, which its keys begin with. */
  name: string
  /** Undefined for another kind of model. */
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

/** An architecture's metadata, without the architecture's name that its keys begin with. */
export type GgufFields = Readonly<Record<string, GgufValue>>

/** Reads the fields of an architecture; what was asked for is known. */
export class GgufFieldReader {
  readonly #metadata: GgufMetadata
  readonly #prefix: string
  readonly #known: Set<string>

  constructor(metadata: GgufMetadata, architecture: string, known: Set<string>) {
    this.#metadata = metadata
    this.#prefix = `${architecture}.`
    this.#known = known
  }

  /** A finite number; that of fewest digits, where it is a float32. */
  number(name: string, fallback?: number): number {
    const key = this.#key(name)
    const value = this.#metadata.number(key, fallback)
    if (!Number.isFinite(value)) throw this.refuse(name, 'it must be a finite number')
    return this.#metadata.get(key)?.type === 'float32' ? shortest(value) : value
  }

  /** A number for all layers, or one for each, all equal. */
  uniform(name: string, fallback?: number): number {
    if (this.#metadata.get(this.#key(name))?.type !== 'array') return this.number(name, fallback)
    const values = Array.from(this.#metadata.numbers(this.#key(name)))
    const [first] = values
    if (first === undefined || values.some((value) => value !== first))
      throw this.refuse(name, 'layers that differ are not supported')
    return first
  }

  string(name: string, fallback?: string): string {
    return this.#metadata.string(this.#key(name), fallback)
  }

  boolean(name: string, fallback?: boolean): boolean {
    return this.#metadata.boolean(this.#key(name), fallback)
  }

  strings(name: string, fallback?: readonly string[]): readonly string[] {
    return this.#metadata.strings(this.#key(name), fallback)
  }

  /** Of a key that is no architecture's. */
  globalNumber(key: string, fallback: number): number {
    return this.#metadata.number(key, fallback)
  }

  /** The value as it is in the file. */
  value(name: string): GgufValue | undefined {
    return this.#metadata.get(this.#key(name))
  }

  /** Refuses a value other than this one: what the field asks for is not supported. */
  only(name: string, supported: number): void {
    if (this.number(name, supported) !== supported)
      throw this.refuse(name, `supported is ${supported}`)
  }

  /** Fields that change nothing here. */
  ignore(...names: string[]): void {
    for (const name of names) this.#key(name)
  }

  refuse(name: string, problem: string): UserError {
    const found = this.#metadata.get(this.#key(name))
    const given = !found ? 'missing' : found.type === 'array' ? 'an array' : String(found.value)
    return new UserError(`metadata ${quote(this.#prefix + name)} is ${given}; ${problem}`)
  }

  #key(name: string): string {
    const key = this.#prefix + name
    this.#known.add(key)
    return key
  }
}

/** The number of fewest digits that is this float32: 1e-5, where a float64 is 0.000009999999747. */
export function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits))
    if (Math.fround(rounded) === value) return rounded
  }
  return value
}
