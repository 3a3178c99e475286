import type { OnnxModel, TensorSpec } from '../graph/onnx/model.ts'
import type { Owner } from './base-engine.ts'
import { BaseTensor } from './base-tensor.ts'
import { checkBinding } from './check.ts'
import type { Binding, DeviceTensor, Program } from './engine.ts'
import { Shared } from './shared.ts'

/** What the programs of all engines share. */
export abstract class BaseProgram<O extends Owner, T extends BaseTensor> implements Program {
  readonly label: string
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly owner: O
  /** Held by bindings, so that a run under way outlives `dispose`. */
  readonly session: Shared
  readonly bindings = new Set<Binding>()
  #disposed = false

  /** `release` frees the session, once neither the program nor a binding needs it. */
  constructor(owner: O, model: OnnxModel, label: string, release: () => void) {
    this.owner = owner
    this.label = label
    this.inputs = model.inputs
    this.outputs = model.outputs
    this.session = new Shared(release)
    owner.children.add(this)
  }

  protected abstract bindChecked(tensors: Readonly<Record<string, T>>): Binding

  bind(tensors: Readonly<Record<string, DeviceTensor>>): Binding {
    this.check()
    checkBinding(this, tensors)
    for (const [name, tensor] of Object.entries(tensors)) {
      if (!(tensor instanceof BaseTensor) || tensor.owner !== this.owner)
        throw new Error(`program "${this.label}": tensor "${name}" is another engine's`)
      tensor.name ??= name
      tensor.check()
    }
    return this.bindChecked(tensors as Readonly<Record<string, T>>)
  }

  /** Throws once disposed. */
  check(): void {
    if (this.#disposed) throw new Error(`program "${this.label}" was disposed`)
  }

  /** An error of a run, with the program's name. */
  explain(error: unknown): Error {
    return new Error(`program "${this.label}": ${(error as Error).message}`, { cause: error })
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    for (const binding of this.bindings) binding.dispose()
    this.owner.children.delete(this)
    this.session.release()
  }
}

/** What the bindings of all engines share: one run at a time, on memory that it keeps. */
export abstract class BaseBinding<T extends BaseTensor> implements Binding {
  readonly #program: BaseProgram<Owner, T>
  readonly #tensors: readonly T[]
  readonly #held: Shared
  #running = false
  #disposed = false

  /** `tensors` are the program's, already checked. */
  constructor(program: BaseProgram<Owner, T>, tensors: Readonly<Record<string, T>>) {
    this.#program = program
    this.#tensors = Object.values(tensors)
    const kept = [program.session, ...this.#tensors.map(({ memory }) => memory)]
    for (const one of kept) one.retain()
    this.#held = new Shared(() => {
      this.free()
      for (const one of kept) one.release()
    })
    program.bindings.add(this)
  }

  protected abstract compute(signal: AbortSignal | undefined): Promise<void>

  /** Called when no run needs the binding any more. */
  protected free(): void {}

  async run({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.begin()
    try {
      await this.#program.owner.slots.use(() => this.compute(signal), signal)
      signal?.throwIfAborted()
    } finally {
      this.end()
    }
  }

  protected begin(): void {
    this.#program.check()
    const { label } = this.#program
    if (this.#disposed) throw new Error(`program "${label}": this binding was disposed`)
    if (this.#running)
      throw new Error(`program "${label}": this binding is running; wait, or bind another`)
    for (const tensor of this.#tensors) tensor.check()
    this.#running = true
    this.#held.retain()
  }

  protected end(): void {
    this.#running = false
    this.#held.release()
  }

  /** A run under way ends first: its memory is freed after it. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#program.bindings.delete(this)
    this.#held.release()
  }
}
