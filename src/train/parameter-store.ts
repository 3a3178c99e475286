import { sizeOf } from '../graph/index.ts'
import type { Parameter } from '../nn/index.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import type { ParameterGroup } from './parameter-groups.ts'

/** Elements of a piece: a piece of each vector of an update stays in a core's level-2 cache. */
const PIECE = 1 << 16

/** A run of parameters that one run of an update program works on. */
export interface Piece {
  group: ParameterGroup
  /** Elements into the vector (host memory), or the one parameter that the piece is. */
  offset: number
  shape: readonly number[]
  name: string | undefined
}

/**
 * How the parameters of a model lie in vectors of their size: values, gradients, optimizer state.
 * Where the host addresses the engine's memory, a vector is one buffer; elementwise optimizers work
 * on it piece by piece, whatever tensors the pieces hold. Elsewhere each parameter is a piece.
 */
export class ParameterLayout {
  readonly groups: readonly ParameterGroup[]
  readonly shapes: ReadonlyMap<string, readonly number[]>
  readonly pieces: readonly Piece[]
  readonly offsets: ReadonlyMap<string, number>
  /** Elements of a vector. */
  readonly size: number
  readonly #contiguous: boolean

  constructor(
    parameters: ReadonlyMap<string, Parameter>,
    groups: readonly ParameterGroup[],
    engine: Pick<Engine, 'hostMemory'>,
  ) {
    this.groups = groups
    this.shapes = new Map([...parameters].map(([name, { shape }]) => [name, shape]))
    this.#contiguous = engine.hostMemory
    const offsets = new Map<string, number>()
    const pieces: Piece[] = []
    let end = 0
    for (const group of groups) {
      const start = end
      const merged = this.#contiguous && !group.optimizer.wholeMatrix
      for (const name of group.names) {
        const shape = this.shape(name)
        offsets.set(name, end)
        if (!merged)
          pieces.push({ group, name, offset: end, shape: flat(shape, group.optimizer.wholeMatrix) })
        end += sizeOf(shape)
      }
      for (let offset = start; merged && offset < end; offset += PIECE)
        pieces.push({ group, name: undefined, offset, shape: [Math.min(PIECE, end - offset)] })
    }
    this.offsets = offsets
    this.pieces = pieces
    this.size = end
  }

  shape(name: string): readonly number[] {
    const shape = this.shapes.get(name)
    if (!shape) throw new Error(`the model has no parameter named ${name}`)
    return shape
  }

  /** A vector of zeros. */
  vector(engine: Engine): ParameterVector {
    return new ParameterVector(this, engine)
  }
}

const flat = (shape: readonly number[], whole = false): readonly number[] =>
  whole ? shape : [sizeOf(shape)]

/** One number for each parameter element, as tensors by name and by piece. */
export class ParameterVector {
  readonly #layout: ParameterLayout
  readonly #buffer: DeviceTensor | undefined
  readonly #tensors = new Map<string, DeviceTensor>()
  readonly pieces: readonly DeviceTensor[]

  constructor(layout: ParameterLayout, engine: Engine) {
    this.#layout = layout
    this.#buffer = engine.hostMemory ? engine.tensor('float32', [layout.size]) : undefined
    for (const [name, shape] of layout.shapes)
      this.#tensors.set(
        name,
        this.#buffer?.slice(layout.offsets.get(name) ?? 0, shape) ??
          engine.tensor('float32', shape),
      )
    this.pieces = layout.pieces.map(
      ({ name, offset, shape }) =>
        this.#buffer?.slice(offset, shape) ?? this.tensor(name ?? '').slice(0, shape),
    )
  }

  tensor(name: string): DeviceTensor {
    const tensor = this.#tensors.get(name)
    if (!tensor) throw new Error(`the model has no parameter named ${name}`)
    return tensor
  }

  /** All tensors, by `prefix` and name, for binding. */
  bindings(prefix = ''): Record<string, DeviceTensor> {
    return Object.fromEntries([...this.#tensors].map(([name, t]) => [prefix + name, t]))
  }

  get layout(): ParameterLayout {
    return this.#layout
  }

  dispose(): void {
    for (const piece of this.pieces) piece.dispose()
    for (const tensor of this.#tensors.values()) tensor.dispose()
    this.#buffer?.dispose()
  }
}
