import { type TypedArray, withSizes } from '../graph/index.ts'
import type { TensorSpec } from '../graph/onnx/model.ts'
import type { Binding, DeviceTensor, Engine, Program } from './engine.ts'
import { together } from './together.ts'

/** Tensors of an engine, by the names of a graph's inputs and outputs. */
export type Tensors = Readonly<Record<string, DeviceTensor>>

/** Values of inputs, by name: all elements, row by row. */
export type Feeds = Readonly<Record<string, TypedArray | readonly number[]>>

/** Sizes of named dimensions. */
export type Sizes = Readonly<Record<string, number>>

export interface BoundOptions {
  label: string
  /** Weights, which stay as they are. */
  weights: Tensors
  /** Memory that stays the caller's. Names that the program does not have are skipped. */
  tensors: Tensors
  sizes: Sizes
}

/** A program bound to its memory: run it as often as needed, one run at a time. */
export class Bound {
  /** All inputs and outputs, by name. */
  readonly tensors: Tensors
  readonly #label: string
  readonly #binding: Binding
  readonly #own: readonly DeviceTensor[]
  /** Inputs that `write` may fill, and those of them that have no values yet. */
  readonly #writable: ReadonlySet<string>
  readonly #missing: Set<string>

  constructor(engine: Engine, program: Program, options: BoundOptions) {
    const { label, weights } = options
    const given = { ...weights, ...options.tensors }
    const specs = [...program.inputs, ...program.outputs]
    const sizes = { ...sizesOf(specs, given), ...options.sizes }
    const tensors: Record<string, DeviceTensor> = {}
    this.#binding = together((track) => {
      for (const { name, dtype, shape } of specs)
        tensors[name] = given[name] ?? track(engine.tensor(dtype, withSizes(shape, sizes)))
      return program.bind(tensors)
    })
    const names = program.inputs.map(({ name }) => name)
    this.tensors = tensors
    this.#own = specs.flatMap(({ name }) => (given[name] ? [] : (tensors[name] ?? [])))
    this.#label = label
    this.#writable = new Set(names.filter((name) => !weights[name]))
    this.#missing = new Set(names.filter((name) => !given[name]))
  }

  /** Runs on the calling thread; the native CPU engine only. */
  get runSync(): (() => void) | undefined {
    return this.#binding.runSync
  }

  /** Fills inputs; their values stay for later runs. Skips weights and unknown names. */
  write(feeds: Feeds): void {
    for (const [name, values] of Object.entries(feeds)) {
      if (!this.#writable.has(name)) continue
      this.tensors[name]?.write(values)
      this.#missing.delete(name)
    }
  }

  /** Fills inputs and runs. Throws if an input never had a value. */
  async run(feeds: Feeds = {}, options: { signal?: AbortSignal } = {}): Promise<void> {
    this.write(feeds)
    const [missing] = this.#missing
    if (missing !== undefined)
      throw new Error(`program "${this.#label}": the input "${missing}" has no value; give it one`)
    await this.#binding.run(options)
  }

  /** Copies an output to the host. */
  async read(name: string): Promise<TypedArray> {
    return (this.tensors[name] as DeviceTensor).read()
  }

  /** Copies outputs of one number each. */
  async readNumbers(names: readonly string[]): Promise<number[]> {
    return Promise.all(names.map(async (name) => Number((await this.read(name))[0])))
  }

  dispose(): void {
    this.#binding.dispose()
    for (const tensor of this.#own) tensor.dispose()
  }
}

/** Sizes of named dimensions, from the shapes of given tensors. */
function sizesOf(specs: readonly TensorSpec[], given: Tensors): Sizes {
  const sizes: Record<string, number> = {}
  for (const { name, shape } of specs)
    for (const [axis, size] of given[name]?.shape.entries() ?? []) {
      const dim = shape[axis]
      if (typeof dim === 'string') sizes[dim] = size
    }
  return sizes
}
