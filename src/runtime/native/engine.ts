import { UserError } from '../../errors.ts'
import type { Pointer } from '../../files/koffi.ts'
import type { DType } from '../../graph/dtype.ts'
import type { OnnxModel } from '../../graph/onnx/model.ts'
import type { CompileOptions, DeviceTensor, Engine, EngineName, Program } from '../engine.ts'
import { Slots } from '../slots.ts'
import type { Api, Released } from './api.ts'
import type { Environment } from './environment.ts'
import { NativeProgram } from './program.ts'
import { createSession, type Placement } from './session.ts'
import type { Owner } from './tensor.ts'

/** What the native engines share: ONNX Runtime's C API, through koffi. */
export abstract class NativeEngine implements Engine, Owner {
  abstract readonly name: EngineName
  abstract readonly hostMemory: boolean
  abstract readonly readsFiles: boolean
  readonly reason: string
  readonly threads: number
  readonly children = new Set<{ dispose(): void }>()
  readonly slots: Slots
  readonly api: Api
  readonly env: Pointer
  readonly cpuMemory: Pointer
  readonly #placement: Placement
  #disposal: Promise<void> | undefined

  constructor(
    environment: Environment,
    placement: Placement,
    parallelRuns: number,
    reason: string,
  ) {
    this.api = environment.api
    this.env = environment.env
    this.cpuMemory = environment.cpuMemory
    this.threads = placement.threads
    this.slots = new Slots(parallelRuns)
    this.reason = reason
    this.#placement = placement
  }

  get parallelRuns(): number {
    return this.slots.size
  }

  abstract tensor(dtype: DType, shape: readonly number[]): DeviceTensor
  abstract free(kind: Released, pointer: Pointer | undefined): void

  async compile(model: OnnxModel, options: CompileOptions = {}): Promise<Program> {
    this.check()
    const { label = 'program' } = options
    return this.slots.use(async () => {
      const pointer = await createSession(this, model, this.#placement, options).catch((error) => {
        if (error instanceof UserError) throw error
        throw new Error(`program "${label}": ${error.message}`, { cause: error })
      })
      return new NativeProgram(this, pointer, model, label)
    })
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
