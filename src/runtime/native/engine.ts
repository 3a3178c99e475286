import type { Pointer } from '../../files/koffi.ts'
import type { OnnxModel } from '../../graph/onnx/model.ts'
import { BaseEngine } from '../base-engine.ts'
import type { CompileOptions, Program } from '../engine.ts'
import { Slots } from '../slots.ts'
import type { Api, Released } from './api.ts'
import type { Environment } from './environment.ts'
import { NativeProgram } from './program.ts'
import { createSession, type Placement } from './session.ts'
import type { Owner } from './tensor.ts'

/** What the native engines share: ONNX Runtime's C API, through koffi. */
export abstract class NativeEngine extends BaseEngine implements Owner {
  readonly api: Api
  readonly env: Pointer
  readonly cpuMemory: Pointer
  readonly #placement: Placement

  constructor(
    { api, env, cpuMemory }: Environment,
    placement: Placement,
    parallelRuns: number,
    reason: string,
  ) {
    super(new Slots(parallelRuns), placement.threads, reason)
    this.api = api
    this.env = env
    this.cpuMemory = cpuMemory
    this.#placement = placement
  }

  abstract free(kind: Released, pointer: Pointer | undefined): void

  protected async createProgram(
    model: OnnxModel,
    label: string,
    options: CompileOptions,
  ): Promise<Program> {
    const pointer = await createSession(this, model, this.#placement, options)
    return new NativeProgram(this, pointer, model, label)
  }
}
