import { add, grad, input, type Tensor } from '../graph/index.ts'
import type { Parameter } from '../nn/index.ts'
import { type Objective, type ObjectiveSums, sumObjectives } from '../objectives/objective.ts'
import type { Bound, Feeds, Tensors } from '../runtime/bound.ts'
import { type Compiled, compile } from '../runtime/compile.ts'
import type { Engine } from '../runtime/engine.ts'
import { inParallel } from '../runtime/workers.ts'
import type { ParameterVector } from './parameter-store.ts'

export interface GradientStepOptions {
  engine: Engine
  /** What is learned. */
  parameters: ReadonlyMap<string, Parameter>
  values: ParameterVector
  /** Inputs that are read and stay as they are. */
  frozen: Tensors
  objective: Objective
  /**
   * Micro-batches computed side by side, each on a thread of its own, with gradients of its own:
   * data parallelism inside one machine. More than 1 needs host memory.
   */
  shards: number
}

interface Shard {
  gradients: ParameterVector
  /** Writes loss and gradients. */
  first: Bound
  /** Adds to them; made when a step has more micro-batches than shards. */
  next: Bound | undefined
}

/**
 * Loss and gradients of a step. Its micro-batches are small, so that what they compute stays in the
 * caches, and their gradients add up in place (gradient accumulation).
 */
export class GradientStep {
  readonly #options: GradientStepOptions
  readonly #compiled: Compiled[] = []
  #shards: Shard[] = []

  private constructor(options: GradientStepOptions) {
    this.#options = options
  }

  /** `accumulates`: steps will have more micro-batches than shards. */
  static async create(options: GradientStepOptions, accumulates: boolean): Promise<GradientStep> {
    const step = new GradientStep(options)
    const first = await step.#compile(false)
    const next = accumulates ? await step.#compile(true) : undefined
    step.#shards = Array.from({ length: options.shards }, () => step.#shard(first, next))
    return step
  }

  /** Gradients of each shard; their sum is the step's. */
  get gradients(): ParameterVector[] {
    return this.#shards.map((shard) => shard.gradients)
  }

  /** Computes all micro-batches; resolves with the sums over them. Rejects when aborted. */
  async run(microBatches: readonly Feeds[], signal?: AbortSignal): Promise<ObjectiveSums> {
    const count = this.#shards.length
    await inParallel(count, microBatches, async (feeds, i) => {
      const shard = this.#shards[i % count] as Shard
      const bound = i < count ? shard.first : shard.next
      if (!bound) throw new Error('this step was made for one micro-batch a shard')
      await bound.run(feeds, { signal })
    })
    const used = this.#shards.slice(0, microBatches.length)
    const names = ['loss', ...Object.keys(this.#options.objective.metrics)]
    const sums = await Promise.all(used.map(({ first }) => first.readNumbers(names)))
    return sumObjectives(names, sums)
  }

  dispose(): void {
    for (const { first, next, gradients } of this.#shards) {
      next?.dispose()
      first.dispose()
      gradients.dispose()
    }
    for (const compiled of this.#compiled) compiled.dispose()
  }

  async #compile(accumulates: boolean): Promise<Compiled> {
    const { engine, parameters, values, frozen, objective, shards } = this.#options
    const names = [...parameters.keys()]
    const tensors = [...parameters.values()].map((parameter) => parameter.tensor)
    const total = (name: string, tensor: Tensor) =>
      accumulates ? add(tensor, input(`before.${name}`, 'float32', tensor.shape)) : tensor
    const outputs: Record<string, Tensor> = {}
    for (const [name, tensor] of Object.entries({ loss: objective.loss, ...objective.metrics }))
      outputs[name] = total(name, tensor)
    for (const [i, gradient] of grad(objective.loss, tensors).entries())
      outputs[`gradient.${names[i]}`] = total(`gradient.${names[i]}`, gradient)
    const compiled = await compile(engine, outputs, {
      weights: { live: { ...frozen, ...values.bindings() } },
      threading: shards > 1 ? 'caller' : 'pool',
      label: 'gradients',
    })
    this.#compiled.push(compiled)
    return compiled
  }

  #shard(first: Compiled, next: Compiled | undefined): Shard {
    const { engine, values } = this.#options
    const gradients = values.layout.vector(engine)
    const bound = first.bind(gradients.bindings('gradient.'))
    const { tensors } = bound
    const before = Object.entries(tensors).map(([name, tensor]) => [`before.${name}`, tensor])
    return {
      gradients,
      first: bound,
      next: next?.bind({ ...tensors, ...Object.fromEntries(before) }),
    }
  }
}
