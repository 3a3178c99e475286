import { add, grad, input, type Tensor, type TypedArray, toOnnx } from '../graph/index.ts'
import type { Parameter } from '../nn/index.ts'
import type { Objective } from '../objectives/objective.ts'
import type { Binding, DeviceTensor, Engine, Program } from '../runtime/engine.ts'
import { inParallel } from '../runtime/workers.ts'
import type { ParameterLayout, ParameterVector } from './parameter-store.ts'

export type Feeds = Readonly<Record<string, TypedArray | readonly number[]>>

export interface GradientStepOptions {
  engine: Engine
  parameters: ReadonlyMap<string, Parameter>
  layout: ParameterLayout
  values: ParameterVector
  /** Inputs that are read and stay as they are, such as the weights under an adapter. */
  frozen?: Readonly<Record<string, DeviceTensor>>
  objective: Objective
  /**
   * Micro-batches computed side by side, each on a thread of its own, with gradients of its own:
   * data parallelism inside one machine. More than 1 needs host memory.
   */
  shards: number
}

interface Shard {
  inputs: Record<string, DeviceTensor>
  gradients: ParameterVector
  loss: DeviceTensor
  /** Writes the gradients. */
  first: Binding
  /** Adds to the gradients; made when a step has more micro-batches than shards. */
  next: Binding | undefined
}

/**
 * Loss and gradients of a step. Its micro-batches are small, so that what they compute stays in the
 * caches, and their gradients add up in place (gradient accumulation).
 */
export class GradientStep {
  readonly #options: GradientStepOptions
  readonly #programs: Program[] = []
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

  /** Computes all micro-batches; resolves with the sum of their losses. Rejects when aborted. */
  async run(microBatches: readonly Feeds[], signal?: AbortSignal): Promise<number> {
    const count = this.#shards.length
    await inParallel(count, microBatches, async (feeds, i) => {
      const shard = this.#shards[i % count] as Shard
      for (const [name, values] of Object.entries(feeds)) shard.inputs[name]?.write(values)
      const binding = i < count ? shard.first : shard.next
      if (!binding) throw new Error('this step was made for one micro-batch a shard')
      await binding.run({ signal })
    })
    const used = this.#shards.slice(0, microBatches.length)
    const losses = await Promise.all(used.map(({ loss }) => loss.read()))
    return losses.reduce((total, loss) => total + Number(loss[0]), 0)
  }

  dispose(): void {
    for (const { first, next, inputs, gradients, loss } of this.#shards) {
      first.dispose()
      next?.dispose()
      gradients.dispose()
      for (const tensor of [...Object.values(inputs), loss]) tensor.dispose()
    }
    for (const program of this.#programs) program.dispose()
  }

  async #compile(accumulates: boolean): Promise<Program> {
    const { engine, parameters, objective, shards } = this.#options
    const names = [...parameters.keys()]
    const tensors = [...parameters.values()].map((parameter) => parameter.tensor)
    const before = (name: string, tensor: Tensor) =>
      input(`before.${name}`, 'float32', tensor.shape)
    const total = (name: string, tensor: Tensor) =>
      accumulates ? add(tensor, before(name, tensor)) : tensor
    const outputs: Record<string, Tensor> = { loss: total('loss', objective.loss) }
    for (const [i, gradient] of grad(objective.loss, tensors).entries())
      outputs[`gradient.${names[i]}`] = total(`gradient.${names[i]}`, gradient)
    const model = toOnnx(outputs, { target: engine.name })
    const threading = shards > 1 ? 'caller' : 'pool'
    const program = await engine.compile(model, { threading, label: 'gradients' })
    this.#programs.push(program)
    return program
  }

  #shard(first: Program, next: Program | undefined): Shard {
    const { engine, layout, values, frozen, objective } = this.#options
    const gradients = layout.vector(engine)
    const loss = engine.tensor('float32', [])
    const inputs = Object.fromEntries(
      Object.entries(objective.inputs).map(([name, { dtype, shape }]) => [
        name,
        engine.tensor(dtype, shape as number[]),
      ]),
    )
    const bind = (program: Program) => {
      const own = { ...frozen, ...inputs, loss, 'before.loss': loss, ...values.bindings() }
      const all = {
        ...own,
        ...gradients.bindings('gradient.'),
        ...gradients.bindings('before.gradient.'),
      }
      const wanted = new Set([...program.inputs, ...program.outputs].map((spec) => spec.name))
      return program.bind(
        Object.fromEntries(Object.entries(all).filter(([name]) => wanted.has(name))),
      )
    }
    return { inputs, gradients, loss, first: bind(first), next: next && bind(next) }
  }
}
