import { UserError } from '../errors.ts'
import type { DType } from '../graph/dtype.ts'
import type { OnnxModel } from '../graph/onnx/model.ts'
import type { CompileOptions, DeviceTensor, Engine, EngineName, Program } from './engine.ts'
import type { Slots } from './slots.ts'

/** What tensors, programs and bindings need of the engine that made them. */
export interface Owner {
  /** Limits the runs under way. */
  readonly slots: Slots
  /** What is still to be disposed. */
  readonly children: Set<{ dispose(): void }>
}

/** What all engines share: compilation in turn, and disposal of what they handed out. */
export abstract class BaseEngine implements Engine, Owner {
  abstract readonly name: EngineName
  abstract readonly hostMemory: boolean
  abstract readonly readsFiles: boolean
  readonly slots: Slots
  readonly threads: number
  readonly reason: string
  readonly children = new Set<{ dispose(): void }>()
  #disposal: Promise<void> | undefined

  constructor(slots: Slots, threads: number, reason: string) {
    this.slots = slots
    this.threads = threads
    this.reason = reason
  }

  get parallelRuns(): number {
    return this.slots.size
  }

  abstract tensor(dtype: DType, shape: readonly number[]): DeviceTensor

  protected abstract createProgram(
    model: OnnxModel,
    label: string,
    options: CompileOptions,
  ): Promise<Program>

  async compile(model: OnnxModel, options: CompileOptions = {}): Promise<Program> {
    this.check()
    const { label = 'program' } = options
    return this.slots.use(() =>
      this.createProgram(model, label, options).catch((error) => {
        if (error instanceof UserError) throw error
        throw new Error(`program "${label}": ${error.message}`, { cause: error })
      }),
    )
  }

  /** Throws once disposed. */
  check(): void {
    if (this.#disposal) throw new Error(`the ${this.name} engine was disposed`)
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.release()
    return this.#disposal
  }

  protected async release(): Promise<void> {
    await this.slots.drain()
    for (const child of this.children) child.dispose()
    await this.slots.drain()
  }
}
