import { z } from 'zod'
import type { Examples } from '../data/batch.ts'
import type { Lora } from '../formats/peft/lora/lora.ts'
import { KEY_SIZE, MODULUS } from '../graph/index.ts'
import { initialize } from '../models/parameters.ts'
import { expectNoScope, type Initialization, type Module } from '../nn/index.ts'
import { nextToken } from '../objectives/language-model.ts'
import { checkObjective, type ObjectiveBuilder } from '../objectives/objective.ts'
import { parseOptions } from '../options.ts'
import { Random } from '../random.ts'
import type { Feeds, Tensors } from '../runtime/bound.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { describeNonFinite, findNonFiniteIn } from '../runtime/non-finite.ts'
import { workersOf } from '../runtime/workers.ts'
import { GradientStep } from './gradient-step.ts'
import { cutBatch, type Plan, planMicroBatches } from './micro-batches.ts'
import {
  type GroupOptions,
  groupParameters,
  type Selection,
  selectParameters,
} from './parameter-groups.ts'
import { ParameterLayout, type ParameterVector } from './parameter-store.ts'
import { UpdateStep, type UpdateStepOptions } from './update-step.ts'

export interface TrainerOptions
  extends GroupOptions,
    Selection,
    Pick<UpdateStepOptions, 'clip' | 'l1' | 'l2' | 'average' | 'onGradients'> {
  engine: Engine
  /**
   * Of ours or of your own: a `Module` whose parameters `nameParameters` has named, without a
   * scope; other models in the graph have one.
   */
  model: Module
  /** Learned in place of the model's parameters, which are then among `frozen`. */
  adapter?: Lora
  /**
   * Other weights that the graph reads, by their names in it: those of a reference, or of the model
   * under an adapter. They stay the caller's.
   */
  frozen?: Tensors
  /** What is minimized; default: the loss of the next token, of a decoder. */
  objective?: ObjectiveBuilder
  /** Examples of a step, accumulation included; at most, where steps have different numbers. */
  batch: number
  /** Tokens of an example. */
  length: number
  /** The loss compares the examples of a step with each other, which are never parted. */
  wholeBatch?: boolean
  /** Layers are recomputed in the backward pass (Chen et al. 2016): less memory, more work. */
  recompute?: boolean
  /** What matrices are drawn by (default: as their layers do). */
  init?: Initialization
  seed: number
}

const has = (method: string) => (given: unknown) =>
  typeof (given as Record<string, unknown> | undefined)?.[method] === 'function'

/** What every training needs. */
const needs = z.looseObject({
  engine: z.custom(has('compile'), 'expected an engine, as openEngine gives it'),
  model: z.custom(has('parameters'), 'expected a model'),
  optimizer: z.custom(has('update'), 'expected an optimizer, such as adamW()'),
  weightDecay: z.number(),
  batch: z.number().int().min(1),
  length: z.number().int().min(1),
  seed: z.number(),
})

export interface StepResult {
  /** Updates done, this one included. */
  step: number
  /** Mean over the step's targets, in nats where it is a cross-entropy. */
  loss: number
  learningRate: number
  gradientNorm: number
  /** Means of the objective's metrics, by name. */
  metrics: Record<string, number>
}

/** A loss, a gradient, a parameter or a part of the optimizer's state that is NaN or infinite. */
export class DivergenceError extends Error {
  override name = 'DivergenceError'
}

interface TrainerParts {
  /** Memory of the trainer's own for parameters that are not learned. */
  frozen: Tensors
  values: ParameterVector
  plan: Plan
  gradients: GradientStep
  update: UpdateStep
}

/** Updates a model's parameters, some of them or those of an adapter, a step at a time. */
export class Trainer {
  /** Updates done so far. */
  step = 0
  readonly model: Module
  /** What is learned. */
  readonly values: ParameterVector
  readonly plan: Plan
  readonly #options: TrainerOptions
  readonly #frozen: Tensors
  readonly #gradients: GradientStep
  readonly #update: UpdateStep

  private constructor(options: TrainerOptions, parts: TrainerParts) {
    this.#options = options
    this.model = options.model
    this.values = parts.values
    this.plan = parts.plan
    this.#frozen = parts.frozen
    this.#gradients = parts.gradients
    this.#update = parts.update
  }

  /**
   * Allocates all memory and compiles the programs; parameters start at their initial values.
   * Throws UserError where an option is missing, `learn` or `freeze` matches nothing, or nothing is
   * left to learn.
   */
  static async create(options: TrainerOptions): Promise<Trainer> {
    parseOptions(needs, options)
    const { engine, model, adapter, batch, length, wholeBatch, recompute } = options
    expectNoScope(model)
    const all = (adapter ?? model).parameters()
    const parameters = selectParameters(all, options)
    const frozen: Record<string, DeviceTensor> = {}
    for (const [name, { shape }] of all)
      if (!parameters.has(name)) frozen[name] = engine.tensor('float32', shape)
    const layout = new ParameterLayout(parameters, groupParameters(parameters, options), engine)
    const values = layout.vector(engine)
    const plan = wholeBatch
      ? { rows: batch, count: 1, shards: 1 }
      : planMicroBatches(batch, length, workersOf(engine))
    const { rows, shards, count } = plan
    const build = options.objective ?? nextToken(model, length)
    const objective = checkObjective(build({ rows, dropout: true, recompute }))
    const gradients = await GradientStep.create(
      { engine, parameters, values, frozen: { ...options.frozen, ...frozen }, objective, shards },
      count > shards,
    )
    const update = await UpdateStep.create({
      ...options,
      layout,
      values,
      gradients: gradients.gradients,
    })
    const parts = { frozen, values, plan, gradients, update }
    const trainer = new Trainer(options, parts)
    await trainer.#initialize()
    return trainer
  }

  /** What a checkpoint must hold, by kind and name: parameters, and the optimizer's state. */
  get vectors(): ReadonlyMap<string, Tensors> {
    const learned = new Map([['parameters', this.values], ...this.#update.state])
    const kinds = [...learned].map(([kind, vector]) => [kind, vector.bindings()] as const)
    const isOwn = Object.keys(this.#frozen).length > 0
    return new Map(isOwn ? [...kinds, ['frozen', this.#frozen]] : kinds)
  }

  get engine(): Engine {
    return this.#options.engine
  }

  /** All parameters by name, for other programs to use. */
  get parameters(): Record<string, DeviceTensor> {
    return { ...this.#options.frozen, ...this.#frozen, ...this.values.bindings() }
  }

  /**
   * One update. Throws `DivergenceError`, and changes nothing, when the loss has no number;
   * likewise the signal's reason when it is aborted.
   */
  async next(
    batch: Examples,
    learningRate: number,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<StepResult> {
    const { loss, metrics } = await this.#gradients.run(this.#cut(batch), signal)
    const gradientNorm = await this.#update.gradientNorm()
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      throw await this.#divergence(loss, gradientNorm)
    await this.#update.apply(this.step + 1, learningRate, gradientNorm)
    this.step++
    return { step: this.step, loss, learningRate, gradientNorm, metrics }
  }

  /** Computes loss and gradients of a batch, and changes nothing; resolves with the loss. */
  async rehearse(batch: Examples): Promise<number> {
    const { loss } = await this.#gradients.run(this.#cut(batch))
    await this.#update.gradientNorm()
    return loss
  }

  /** Throws DivergenceError where what a checkpoint would hold is NaN or infinite. */
  async expectFinite(): Promise<void> {
    for (const [kind, vector] of this.vectors) {
      const found = await findNonFiniteIn(vector)
      if (!found) continue
      const where = kind === 'parameters' ? 'the' : `the ${kind} of the`
      throw new DivergenceError(`step ${this.step}: ${where} ${describeNonFinite(found)}`)
    }
  }

  async dispose(): Promise<void> {
    await this.#update.dispose()
    this.#gradients.dispose()
    this.values.dispose()
    for (const tensor of Object.values(this.#frozen)) tensor.dispose()
  }

  #cut(batch: Examples): Feeds[] {
    const microBatches = cutBatch(batch, this.plan)
    return microBatches.map((feeds, i) => ({ ...feeds, key: this.#key(i) }))
  }

  async #initialize(): Promise<void> {
    const { model, adapter, seed, init } = this.#options
    const { parameters } = this
    const fresh: [DeviceTensor, Float32Array][] = []
    const memory = (name: string) => {
      const tensor = parameters[name] as DeviceTensor
      if (tensor.data) return tensor.data as Float32Array
      const memory = new Float32Array(tensor.size)
      fresh.push([tensor, memory])
      return memory
    }
    initialize(adapter ?? model, new Random(seed), memory, init)
    for (const [tensor, memory] of fresh) tensor.write(memory)
    await this.#update.resetAverage()
  }

  /** Random numbers for a micro-batch's dropout: a function of seed, step and index. */
  #key(microBatch: number): number[] {
    const { seed } = this.#options
    const random = new Random(seed + 1_000_003 * (this.step + 1) + 2 ** 40 * (microBatch + 1))
    return Array.from({ length: KEY_SIZE }, () => random.integer(MODULUS))
  }

  /** Name of the parameter whose gradient, in the step before, had the largest norm. */
  async largestGradient(): Promise<string> {
    let [largest, found] = [-1, '']
    for (const name of this.values.layout.shapes.keys()) {
      let square = 0
      for (const x of (await this.#update.gradient.tensor(name).read()) as Float32Array)
        square += x * x
      if (square > largest) [largest, found] = [square, name]
    }
    return found
  }

  async #divergence(loss: number, norm: number): Promise<DivergenceError> {
    const faults: string[] = []
    for (const vector of this.#gradients.gradients)
      for (const name of this.values.layout.shapes.keys())
        if (!(await vector.tensor(name).read()).every((x) => Number.isFinite(x))) faults.push(name)
    const where = faults.length > 0 ? `; the first gradient at fault: ${faults[0]}` : ''
    const what = Number.isFinite(loss)
      ? `the norm of the gradient is ${norm}`
      : `the loss is ${loss}`
    return new DivergenceError(`step ${this.step + 1}: ${what}${where}`)
  }
}
