import { input, type Tensor } from '../graph/index.ts'
import type { Initializer } from './initializers.ts'

/** A tensor that is learned. Its name is its path in the model, given by `nameParameters`. */
export class Parameter {
  readonly shape: readonly number[]
  readonly initializer: Initializer
  #tensor: Tensor | undefined

  constructor(shape: readonly number[], initializer: Initializer) {
    this.shape = shape
    this.initializer = initializer
  }

  /** The graph's input of this name. */
  get tensor(): Tensor {
    if (!this.#tensor) throw new Error('nameParameters(model) must come before its forward')
    return this.#tensor
  }

  name(path: string): void {
    this.#tensor ??= input(path, 'float32', this.shape)
  }
}

/** A layer: typed fields that hold parameters and other layers, and a `forward` of its own. */
export abstract class Module {
  /** Parameters by path, such as `layers.0.self_attn.q_proj.weight`, in the order of the fields. */
  parameters(prefix = ''): Map<string, Parameter> {
    const found = new Map<string, Parameter>()
    const seen = new Set<Parameter>()
    const visit = (value: unknown, path: string) => {
      if (value instanceof Parameter) {
        // A tied parameter keeps the path where it comes first.
        if (!seen.has(value)) found.set(path, value)
        seen.add(value)
      } else if (value instanceof Module || Array.isArray(value)) {
        for (const [field, inner] of Object.entries(value))
          visit(inner, path ? `${path}.${snakeCase(field)}` : snakeCase(field))
      }
    }
    visit(this, prefix)
    return found
  }

  /**
   * Layers inside this one by path, such as `layers.0.self_attn.q_proj`, in the order of the
   * fields.
   */
  modules(): Map<string, Module> {
    const found = new Map<string, Module>()
    const visit = (value: object, path: string) => {
      for (const [field, inner] of Object.entries(value)) {
        if (!(inner instanceof Module || Array.isArray(inner))) continue
        const at = path ? `${path}.${snakeCase(field)}` : snakeCase(field)
        if (inner instanceof Module) found.set(at, inner)
        visit(inner, at)
      }
    }
    visit(this, '')
    return found
  }
}

/** `qProj` -> `q_proj`: fields are written as TypeScript has them, paths as weight files do. */
const snakeCase = (field: string): string =>
  field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Names every parameter by its path. A model does so once, at the end of its constructor. */
export function nameParameters(model: Module): void {
  for (const [path, parameter] of model.parameters()) parameter.name(path)
}
