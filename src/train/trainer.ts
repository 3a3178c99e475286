import type { AnyBatch } from '../data/batch.ts'
import type { Lora } from '../formats/peft/lora/lora.ts'
import { KEY_SIZE, MODULUS } from '../graph/index.ts'
import { initialize } from '../models/initialize.ts'
import { drawsRandomly, type Model } from '../models/model.ts'
import type { Initialization } from '../nn/index.ts'
import { nextToken } from '../objectives/language-model.ts'
import type { ObjectiveBuilder } from '../objectives/objective.ts'
import { Random } from '../random.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'
import { describeNonFinite, findNonFiniteIn } from '../runtime/non-finite.ts'
import { workersOf } from '../runtime/workers.ts'
import { GradientStep } from './gradient-step.ts'
import { cutBatch, type Plan, planMicroBatches } from './micro-batches.ts'
import { type GroupOptions, groupParameters } from './parameter-groups.ts'
import { ParameterLayout, type ParameterVector } from './parameter-store.ts'
import { UpdateStep, type UpdateStepOptions } from './update-step.ts'

export interface TrainerOptions
  extends GroupOptions,
    Pick<UpdateStepOptions, 'clip' | 'l1' | 'l2' | 'average'> {
  engine: Engine
  model: Model
  /** Learned instead of the model's parameters, which are then `frozen`. */
  adapter?: Lora
  /** The model's parameters by name, where they are not learned; they stay the caller's. */
  frozen?: Readonly<Record<string, DeviceTensor>>
  /** What is minimised; default: the loss of the next token, of a decoder. */
  objective?: ObjectiveBuilder
  /** Examples of a step, accumulation included. */
  batch: number
  /** Tokens of an example. */
  length: number
  /** The loss compares the examples of a step with each other, which are never parted. */
  wholeBatch?: boolean
  /** What matrices are drawn by (default: as their layers do). */
  init?: Initialization
  seed: number
}

export interface StepResult {
  /** Updates done, this one included. */
  step: number
  /** Mean over the step's targets, in nats where it is a cross-entropy. */
  loss: number
  learningRate: number
  gradientNorm: number
}

/** A loss, a gradient, a parameter or a part of the optimizer's state that is NaN or infinite. */
export class DivergenceError extends Error {
  override name = 'DivergenceError'
}

/** Updates a model's parameters, or an adapter's, a step at a time. */
export class Trainer {
  /** Updates done so far. */
  step = 0
  readonly model: Model
  readonly values: ParameterVector
  readonly plan: Plan
  readonly #options: TrainerOptions
  readonly #gradients: GradientStep
  readonly #update: UpdateStep
  readonly #dropout: boolean

  private constructor(
    options: TrainerOptions,
    values: ParameterVector,
    plan: Plan,
    gradients: GradientStep,
    update: UpdateStep,
    dropout: boolean,
  ) {
    this.#options = options
    this.model = options.model
    this.values = values
    this.plan = plan
    this.#gradients = gradients
    this.#update = update
    this.#dropout = dropout
  }

  /** Allocates all memory and compiles the programs; parameters start at their initial values. */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const { engine, model, adapter, frozen, batch, length, wholeBatch } = options
    const parameters = (adapter ?? model).parameters()
    const layout = new ParameterLayout(parameters, groupParameters(parameters, options), engine)
    const values = layout.vector(engine)
    const plan = wholeBatch
      ? { rows: batch, count: 1, shards: 1 }
      : planMicroBatches(batch, length, workersOf(engine))
    const dropout = drawsRandomly(model.config) || (adapter?.config.dropout ?? 0) > 0
    const { rows, shards, count } = plan
    const objective = (options.objective ?? nextToken(model, length))({ rows, dropout })
    const gradients = await GradientStep.create(
      { engine, parameters, layout, values, frozen, objective, shards },
      count > shards,
    )
    const update = await UpdateStep.create({
      ...options,
      layout,
      values,
      gradients: gradients.gradients,
    })
    const trainer = new Trainer(options, values, plan, gradients, update, dropout)
    await trainer.#initialize()
    return trainer
  }

  /** Vectors that a checkpoint must hold, by name: parameters, and the optimizer's state. */
  get vectors(): ReadonlyMap<string, ParameterVector> {
    return new Map([['parameters', this.values], ...this.#update.state])
  }

  get engine(): Engine {
    return this.#options.engine
  }

  /** Parameters by name, frozen ones among them, for other programs to use. */
  get parameters(): Record<string, DeviceTensor> {
    return { ...this.#options.frozen, ...this.values.bindings() }
  }

  /**
   * One update. Throws `DivergenceError`, and changes nothing, when the loss has no number;
   * likewise the signal's reason when it is aborted.
   */
  async next(
    batch: AnyBatch,
    learningRate: number,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<StepResult> {
    const microBatches = cutBatch(batch, this.plan.rows).map((feeds, i) =>
      this.#dropout ? { ...feeds, key: this.#key(i) } : feeds,
    )
    const loss = await this.#gradients.run(microBatches, signal)
    const gradientNorm = await this.#update.gradientNorm()
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      throw await this.#divergence(loss, gradientNorm)
    await this.#update.apply(this.step + 1, learningRate, gradientNorm)
    this.step++
    return { step: this.step, loss, learningRate, gradientNorm }
  }

  /** Computes loss and gradients of a batch, and changes nothing; resolves with the loss. */
  async rehearse(batch: AnyBatch): Promise<number> {
    const key = this.#dropout && this.#key(0)
    const microBatches = cutBatch(batch, this.plan.rows)
    const loss = await this.#gradients.run(
      microBatches.map((feeds) => (key ? { ...feeds, key } : feeds)),
    )
    await this.#update.gradientNorm()
    return loss
  }

  /** Throws DivergenceError where what a checkpoint would hold is NaN or infinite. */
  async expectFinite(): Promise<void> {
    for (const [kind, vector] of this.vectors) {
      const found = await findNonFiniteIn(vector.bindings())
      if (!found) continue
      const where = kind === 'parameters' ? 'the' : `the ${kind} of the`
      throw new DivergenceError(`step ${this.step}: ${where} ${describeNonFinite(found)}`)
    }
  }

  async dispose(): Promise<void> {
    await this.#update.dispose()
    this.#gradients.dispose()
    this.values.dispose()
  }

  async #initialize(): Promise<void> {
    const fresh = new Map<string, Float32Array>()
    const { adapter, seed, init } = this.#options
    const memory = (name: string) => {
      const { data, size } = this.values.tensor(name)
      if (data) return data as Float32Array
      const memory = new Float32Array(size)
      fresh.set(name, memory)
      return memory
    }
    initialize(adapter ?? this.model, new Random(seed), memory, init)
    for (const [name, memory] of fresh) this.values.tensor(name).write(memory)
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
