import type { DecoderConfig } from '../decoder-config.ts'

/** How one family of Hugging Face models says what a `DecoderConfig` and its parameters say. */
export interface Family {
  /** `model_type` in config.json. */
  modelType: string
  /** True where the family can say all that this architecture is. */
  fits(config: DecoderConfig): boolean
  /** Fields of config.json. */
  write(config: DecoderConfig): Record<string, unknown>
  /** From config.json; `field` reads a field and remembers that it is known. */
  read(field: FieldReader): DecoderConfig
  renames: readonly Rename[]
}

/** Reads fields of config.json with their types; each refuses what does not fit by name. */
export interface FieldReader {
  number(name: string, fallback?: number): number
  string(name: string, fallback?: string): string
  boolean(name: string, fallback?: boolean): boolean
  /** Refuses a value other than these: what the field asks for is not supported. */
  only(name: string, ...values: unknown[]): void
  /** A field that changes nothing here. */
  ignore(...names: string[]): void
}

/** One tensor of the file and the parameters that are in it; `{i}` stands for each layer. */
export interface Rename {
  file: string
  /** Parameters, one after the other along the first axis (out). */
  ours: readonly string[]
  /** The file has (in, out), where parameters are (out, in). */
  transposed?: boolean
}
