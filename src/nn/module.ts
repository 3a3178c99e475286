import { input, ShapeError, sameShape, type Tensor } from '../graph/index.ts'
import type { Context } from './context.ts'
import type { Initializer } from './initializers.ts'
import type { ActivationName, Tap } from './taps.ts'

/** A tensor that is learned. Its name is its path in the model, given by `nameParameters`. */
export class Parameter {
  readonly shape: readonly number[]
  readonly initializer: Initializer
  #input: { name: string; tensor: Tensor } | undefined

  constructor(shape: readonly number[], initializer: Initializer) {
    this.shape = shape
    this.initializer = initializer
  }

  /** The graph's input of its name. */
  get tensor(): Tensor {
    return this.#named.tensor
  }

  /** In a graph: its path behind the scope of its model. */
  get name(): string {
    return this.#named.name
  }

  /** Throws where it has another name already, which graphs may know it by. */
  setName(name: string): void {
    if (this.#input && this.#input.name !== name)
      throw new Error(
        `a parameter is named ${this.#input.name} already, and cannot be named ${name}; ` +
          'name a model once, with its scope',
      )
    this.#input ??= { name, tensor: input(name, 'float32', this.shape) }
  }

  get #named(): { name: string; tensor: Tensor } {
    if (!this.#input) throw new Error('nameParameters(model) must come before its forward')
    return this.#input
  }
}

export interface ModelOptions {
  /**
   * Precedes the names of its inputs in graphs, such as `reference.model.norm.weight`, and not in
   * files: for several models in one graph.
   */
  scope?: string
}

/** A layer: typed fields that hold parameters and other layers, and a `forward` of its own. */
export abstract class Module {
  /** In its model, such as `model.layers.0.self_attn`; given by `nameParameters`. */
  path = ''
  /** Of its model: see `ModelOptions`. */
  scope = ''
  /** What graphs that are made from now on pass its activations through, in this order. */
  readonly taps = new Set<Tap>()

  /** Parameters by path, such as `layers.0.self_attn.q_proj.weight`, in the order of the fields. */
  parameters(): Map<string, Parameter> {
    const found = new Map<string, Parameter>()
    const seen = new Set<Parameter>()
    this.#visit((value, path) => {
      // A tied parameter keeps the path where it comes first.
      if (value instanceof Parameter && !seen.has(value)) found.set(path, value)
      if (value instanceof Parameter) seen.add(value)
    })
    return found
  }

  /** Layers inside this one by path, such as `layers.0.self_attn.q_proj`, in the same order. */
  modules(): Map<string, Module> {
    const found = new Map<string, Module>()
    this.#visit((value, path) => {
      if (value instanceof Module) found.set(path, value)
    })
    return found
  }

  /** Name of an input of the model's graphs, such as that of a parameter by its path. */
  inputName(path: string): string {
    return this.scope === '' ? path : `${this.scope}.${path}`
  }

  /** What is given by path, such as parameters, by the names of the graphs' inputs. */
  inputs<T>(byPath: Readonly<Record<string, T>>): Record<string, T> {
    return Object.fromEntries(
      Object.entries(byPath).map(([path, value]) => [this.inputName(path), value]),
    )
  }

  /** The activation `name` as the taps leave it; `x`: what a linear layer made it of. */
  protected tap(
    context: Context,
    name: ActivationName | '',
    activation: Tensor,
    x?: Tensor,
  ): Tensor {
    return this.tapping(context, x)?.(name, activation) ?? activation
  }

  /** Passes an activation through the taps; undefined where there are none. */
  protected tapping(context: Context, x?: Tensor) {
    const taps = [...this.taps, ...(context.tap ? [context.tap] : [])]
    if (taps.length === 0) return undefined
    return (name: ActivationName | '', activation: Tensor): Tensor => {
      const path = [this.path, name].filter((part) => part !== '').join('.')
      const result = taps.reduce((value, tap) => tap(path, value, { x, context }), activation)
      if (sameShape(result.shape, activation.shape) && result.dtype === activation.dtype)
        return result
      throw new ShapeError('tap', [result, activation], `${path} must keep its shape and dtype`)
    }
  }

  #visit(see: (value: Module | Parameter, path: string) => void): void {
    const visit = (value: object, path: string) => {
      for (const [field, inner] of Object.entries(value)) {
        const at = path ? `${path}.${snakeCase(field)}` : snakeCase(field)
        if (inner instanceof Module || inner instanceof Parameter) see(inner, at)
        if (inner instanceof Module || Array.isArray(inner)) visit(inner, at)
      }
    }
    visit(this, '')
  }
}

/** `qProj` -> `q_proj`: fields are written as TypeScript has them, paths as weight files do. */
const snakeCase = (field: string): string =>
  field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Names every layer and parameter by its path. A model does so once, last in its constructor. */
export function nameParameters(model: Module, { scope = '' }: ModelOptions = {}): void {
  model.scope = scope
  for (const [path, parameter] of model.parameters()) parameter.setName(model.inputName(path))
  for (const [path, module] of model.modules()) module.path = path
}

/** Throws TypeError where weights that are given by path would not reach a model's inputs. */
export function expectNoScope({ scope }: Module): void {
  if (scope !== '')
    throw new TypeError(
      `the model has the scope ${scope}; only models beside the main one have one`,
    )
}
