import type { DType } from '../../graph/dtype.ts'
import type { OnnxModel } from '../../graph/onnx/model.ts'
import type { CompileOptions, DeviceTensor, Engine, Program } from '../engine.ts'
import type { Library, Provider } from './library.ts'
import { WebProgram } from './program.ts'
import { createSession } from './session.ts'
import type { Owner } from './tensor.ts'

/** What the engines over onnxruntime-web share. Runs block the thread that they were called on. */
export abstract class WebEngine implements Engine, Owner {
  abstract readonly name: Provider
  abstract readonly hostMemory: boolean
  abstract readonly readsFiles: boolean
  abstract readonly recovers: boolean
  readonly library: Library
  readonly reason: string
  readonly parallelRuns = 1
  readonly children = new Set<{ dispose(): void }>()
  #disposal: Promise<void> | undefined

  constructor(library: Library, reason: string) {
    this.library = library
    this.reason = reason
  }

  get threads(): number {
    return this.library.threads
  }

  abstract tensor(dtype: DType, shape: readonly number[]): DeviceTensor

  async compile(model: OnnxModel, options: CompileOptions = {}): Promise<Program> {
    this.check()
    const { label = 'program' } = options
    return this.library.slots.use(async () => {
      const session = await createSession(this.library, this.name, model, options).catch(
        (error) => {
          throw new Error(`program "${label}": ${error.message}`, { cause: error })
        },
      )
      return new WebProgram(this, session, model, label)
    })
  }

  checkDevice(): void {}

  /** Throws once disposed. */
  check(): void {
    if (this.#disposal) throw new Error(`the ${this.name} engine was disposed`)
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.release()
    return this.#disposal
  }

  protected async release(): Promise<void> {
    await this.library.slots.drain()
    for (const child of this.children) child.dispose()
    await this.library.slots.drain()
  }
}
