import { add, input, maximum, minimum, mul, sign, sum, type Tensor } from '../graph/index.ts'
import type { Bound } from '../runtime/bound.ts'
import { type Compiled, compile } from '../runtime/compile.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { inParallel, workersOf } from '../runtime/workers.ts'
import { AdaptiveClip } from './adaptive-clip.ts'
import type { ParameterLayout, ParameterVector, Piece } from './parameter-store.ts'

/** How gradients are kept in bounds. */
export interface Clipping {
  /**
   * `norm`: the norm of all gradients together (Pascanu et al. 2013); `value`: each element;
   * `adaptive`: each row's norm, relative to that of its weights (Brock et al. 2021).
   */
  by: 'norm' | 'value' | 'adaptive'
  limit: number
}

export interface UpdateStepOptions {
  engine: Engine
  layout: ParameterLayout
  values: ParameterVector
  /** Gradients of each shard. */
  gradients: readonly ParameterVector[]
  clip?: Clipping
  /** l1 sum |w| joins the loss (Tibshirani 1996): l1 sign(w) joins the gradient. */
  l1?: number
  /** l2 / 2 sum w^2 joins the loss (Hoerl & Kennard 1970): l2 w joins the gradient. */
  l2?: number
  /** Decay of the exponential moving average of the weights (Polyak & Juditsky 1992). */
  average?: number
  /**
   * May change the gradients, summed and with penalties, before their norm is taken: to average
   * them with those of other machines, for instance. Steps and rehearsals wait for it.
   */
  onGradients?: (gradients: ParameterVector) => Promise<void> | void
}

/**
 * From gradients to new parameters, in place and piece by piece: first the shards' gradients are
 * summed and their norm is taken, then the optimizer steps.
 */
export class UpdateStep {
  readonly #options: UpdateStepOptions
  readonly #compiled = new Map<string, Promise<Compiled>>()
  readonly #scalars = new Map<string, DeviceTensor>()
  readonly #sums: Bound[] = []
  /** Made where `onGradients` stands between the sums and their norm. */
  readonly #norms: Bound[] = []
  readonly #squares: DeviceTensor[] = []
  readonly #updates: Bound[] = []
  #adaptive: AdaptiveClip | undefined
  /** Optimizer state by name, `average` among it where it is asked for. */
  readonly state = new Map<string, ParameterVector>()

  private constructor(options: UpdateStepOptions) {
    this.#options = options
  }

  static async create(options: UpdateStepOptions): Promise<UpdateStep> {
    const step = new UpdateStep(options)
    const { engine, layout, values, clip } = options
    const names = layout.groups.flatMap((group) => group.optimizer.state)
    if (options.average !== undefined) names.push('average')
    for (const name of names) if (!step.state.has(name)) step.state.set(name, layout.vector(engine))
    if (clip?.by === 'adaptive')
      step.#adaptive = await AdaptiveClip.create(engine, values, step.gradient, clip.limit)
    for (const [i, piece] of layout.pieces.entries()) {
      step.#squares.push(engine.tensor('float32', []))
      await step.#bindSums(piece, i)
      step.#updates.push(await step.#bindUpdate(piece, i))
    }
    return step
  }

  /** Starts the average at the parameters as they stand. */
  async resetAverage(): Promise<void> {
    const average = this.state.get('average')
    for (const [i, piece] of this.#options.values.pieces.entries())
      average?.pieces[i]?.write(await piece.read())
  }

  /** Sums the shards' gradients and takes their norm. */
  async gradientNorm(): Promise<number> {
    await inParallel(this.#workers, this.#sums, (bound) => bound.run())
    await this.#options.onGradients?.(this.gradient)
    await inParallel(this.#workers, this.#norms, (bound) => bound.run())
    let square = 0
    for (const tensor of this.#squares) square += Number((await tensor.read())[0])
    return Math.sqrt(square)
  }

  /** Steps every parameter, with gradients of this norm; `step` counts from 1. */
  async apply(step: number, learningRate: number, norm: number): Promise<void> {
    const { clip, layout } = this.#options
    const factor = clip?.by === 'norm' ? Math.min(1, clip.limit / (norm + 1e-6)) : 1
    this.#scalar('learningRate').write([learningRate])
    this.#scalar('clip').write([factor])
    for (const { optimizer } of layout.groups)
      for (const [name, value] of Object.entries(optimizer.scalars?.(step) ?? {}))
        this.#scalar(`${optimizer.name}.${name}`).write([value])
    await this.#adaptive?.run()
    await inParallel(this.#workers, this.#updates, (bound) => bound.run())
  }

  async dispose(): Promise<void> {
    for (const bound of [...this.#sums, ...this.#norms, ...this.#updates]) bound.dispose()
    for (const compiled of this.#compiled.values()) (await compiled).dispose()
    this.#adaptive?.dispose()
    for (const vector of this.state.values()) vector.dispose()
    for (const tensor of [...this.#scalars.values(), ...this.#squares]) tensor.dispose()
  }

  /** The vector that holds the summed gradients. */
  get gradient(): ParameterVector {
    return this.#options.gradients[0] as ParameterVector
  }

  get #workers(): number {
    return workersOf(this.#options.engine)
  }

  #scalar(name: string): DeviceTensor {
    const tensor = this.#scalars.get(name) ?? this.#options.engine.tensor('float32', [])
    this.#scalars.set(name, tensor)
    return tensor
  }

  #compile(key: string, outputs: () => Record<string, Tensor>): Promise<Compiled> {
    const options = { threading: this.#workers > 1 ? 'caller' : 'pool', label: key } as const
    const compiled = this.#compiled.get(key) ?? compile(this.#options.engine, outputs(), options)
    this.#compiled.set(key, compiled)
    return compiled
  }

  async #bindSums(piece: Piece, i: number): Promise<void> {
    const { gradients, l1 = 0, l2 = 0, onGradients } = this.#options
    const penalized = (l1 > 0 || l2 > 0) && piece.group.penalized
    const isSum = gradients.length > 1 || penalized
    const outputs = [...(isSum ? ['total'] : []), ...(onGradients ? [] : ['square'])]
    if (outputs.length > 0)
      this.#sums.push(await this.#bindSum(piece, i, { gradients, penalized, outputs }))
    const alone = { gradients: [this.gradient], penalized: false, outputs: ['square'] }
    if (onGradients) this.#norms.push(await this.#bindSum(piece, i, alone))
  }

  /** The sum of `gradients`, as `total`, and of its squares. */
  async #bindSum(
    piece: Piece,
    i: number,
    { gradients, penalized, outputs }: SumOptions,
  ): Promise<Bound> {
    const { l1 = 0, l2 = 0, values } = this.#options
    const shape = openShape(piece)
    const key = `sum ${shape} ${penalized} ${outputs}`
    const compiled = await this.#compile(key, (): Record<string, Tensor> => {
      let total = gradients.map((_, k) => input(`gradient.${k}`, 'float32', shape)).reduce(add)
      if (penalized) {
        const parameter = input('parameter', 'float32', shape)
        if (l1 > 0) total = add(total, mul(sign(parameter), l1))
        if (l2 > 0) total = add(total, mul(parameter, l2))
      }
      const made = { total, square: sum(mul(total, total)) }
      return Object.fromEntries(Object.entries(made).filter(([name]) => outputs.includes(name)))
    })
    return compiled.bind({
      ...Object.fromEntries(gradients.map((vector, k) => [`gradient.${k}`, at(vector.pieces, i)])),
      total: at(this.gradient.pieces, i),
      parameter: at(values.pieces, i),
      square: at(this.#squares, i),
    })
  }

  async #bindUpdate(piece: Piece, i: number): Promise<Bound> {
    const { values, clip, average } = this.#options
    const { optimizer, weightDecay } = piece.group
    const shape = openShape(piece)
    const compiled = await this.#compile(`${optimizer.name} ${weightDecay} ${shape}`, () => {
      const scalar = (name: string) => input(name, 'float32', [])
      const vector = (name: string) => input(name, 'float32', shape)
      const state = Object.fromEntries(optimizer.state.map((name) => [name, vector(name)]))
      const updated = optimizer.update({
        parameter: vector('parameter'),
        gradient: clipped(vector('gradient'), clip, scalar),
        state,
        learningRate: scalar('learningRate'),
        weightDecay,
        scalar: (name) => scalar(`${optimizer.name}.${name}`),
      })
      const outputs: Record<string, Tensor> = { 'next.parameter': updated.parameter }
      for (const [name, tensor] of Object.entries(updated.state)) outputs[`next.${name}`] = tensor
      if (average !== undefined)
        outputs['next.average'] = add(
          mul(vector('average'), average),
          mul(updated.parameter, 1 - average),
        )
      return outputs
    })
    const tensors: Record<string, DeviceTensor> = {
      parameter: at(values.pieces, i),
      gradient: at(this.gradient.pieces, i),
    }
    for (const [name, vector] of this.state) tensors[name] = at(vector.pieces, i)
    for (const [name, tensor] of Object.entries(tensors)) tensors[`next.${name}`] = tensor
    for (const { name } of compiled.inputs) tensors[name] ??= this.#scalar(name)
    return compiled.bind(tensors)
  }
}

interface SumOptions {
  gradients: readonly ParameterVector[]
  penalized: boolean
  outputs: readonly string[]
}

/**
 * Pieces of elementwise work share a program of any size; whole matrices have one for each shape.
 */
const openShape = ({ group, shape }: Piece) => (group.optimizer.wholeMatrix ? shape : ['n'])

function clipped(gradient: Tensor, clip: Clipping | undefined, scalar: (name: string) => Tensor) {
  if (clip?.by === 'norm') return mul(gradient, scalar('clip'))
  if (clip?.by === 'value') return minimum(maximum(gradient, -clip.limit), clip.limit)
  return gradient
}

const at = <T>(list: readonly T[], index: number): T => list[index] as T
