import { UserError } from '../errors.ts'
import type { Adaptable } from '../formats/peft/lora/adaptable.ts'
import {
  type Adapter,
  type AdapterUse,
  checkAlike,
  isTiedPair,
  type WeightedAdapter,
  weighted,
} from '../formats/peft/lora/adapter.ts'
import { attachInputs, inputNames, stackAdapters } from '../formats/peft/lora/inputs.ts'
import type { WritingModel } from '../models/model.ts'
import type { DeviceTensor, Engine } from '../runtime/engine.ts'

/** Tensors of the active adapters, by the names of a program's inputs. */
export type AdapterTensors = Readonly<Record<string, DeviceTensor>>

/** The tensors of one generation, kept until `release`. */
export interface AdapterLease {
  tensors: AdapterTensors
  release(): void
}

interface Loaded {
  tensors: AdapterTensors
  users: number
}

/**
 * The adapters of a model, which can be switched while it runs, as in S-LoRA (Sheng et al. 2023). A
 * generation keeps the adapters that it began with; unused ones are freed.
 */
export class AdapterSlots {
  readonly #engine: Engine
  readonly #model: WritingModel
  readonly #targets: readonly Adaptable[]
  /** The adapter whose tensors replaced the model's own. */
  readonly #replacing: Adapter | undefined
  #uses: readonly Required<WeightedAdapter>[] = []
  #loaded: Loaded

  /**
   * Graphs of `model` that are made from now on have inputs for adapters. No adapter is active at
   * first. `replacing`: the adapter whose tensors replaced the model's own, if any.
   */
  constructor(engine: Engine, model: WritingModel, replacing?: Adapter) {
    this.#engine = engine
    this.#model = model
    this.#replacing = replacing
    this.#targets = attachInputs(model)
    this.#loaded = this.#load([])
  }

  get uses(): readonly Required<WeightedAdapter>[] {
    return this.#uses
  }

  /** Makes these adapters active for new generations. Throws UserError if one does not fit. */
  use(uses: readonly AdapterUse[]): void {
    const all = uses.map(weighted)
    for (const { adapter } of all) this.#check(adapter)
    const before = this.#loaded
    this.#loaded = this.#load(all)
    this.#uses = all
    if (before.users === 0) free(before)
  }

  /** The tensors of the active adapters, which stay until they are released. */
  acquire(): AdapterLease {
    const loaded = this.#loaded
    loaded.users++
    const release = () => {
      loaded.users--
      if (loaded.users === 0 && loaded !== this.#loaded) free(loaded)
    }
    return { tensors: loaded.tensors, release }
  }

  dispose(): void {
    free(this.#loaded)
  }

  #check(adapter: Adapter): void {
    const names = new Set(this.#targets.map(({ name }) => name))
    const output = [...adapter.updates.keys()].find((name) => /(^|\.)lm_head$/.test(name))
    if (output !== undefined && !names.has(output) && !isTiedPair(this.#model))
      throw new UserError(
        `${adapter.name}: the adapter updates the output layer, which cannot be switched; ` +
          'merge it into the model',
      )
    if (adapter.replaced.size === 0) return
    if (!this.#replacing)
      throw new UserError(
        `${adapter.name}: the adapter replaces tensors, such as rows for new tokens; ` +
          'load the model with it',
      )
    checkAlike([this.#replacing, adapter])
  }

  #load(uses: readonly AdapterUse[]): Loaded {
    const stacked = stackAdapters(this.#model, this.#targets, uses)
    const tensors: Record<string, DeviceTensor> = {}
    for (const [target, { rank, down, up }] of stacked) {
      const names = inputNames(this.#model, target)
      const fill = (name: string, shape: readonly number[], values: Float32Array) => {
        const tensor = this.#engine.tensor('float32', shape)
        tensor.write(values)
        tensors[name] = tensor
      }
      fill(names.down, [rank, target.inputs], down)
      fill(names.up, [target.outputs, rank], up)
    }
    return { tensors, users: 0 }
  }
}

const free = ({ tensors }: Loaded): void => {
  for (const tensor of Object.values(tensors)) tensor.dispose()
}
