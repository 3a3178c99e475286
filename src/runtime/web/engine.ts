import type { OnnxModel } from '../../graph/onnx/model.ts'
import { BaseEngine } from '../base-engine.ts'
import type { CompileOptions, Program } from '../engine.ts'
import type { Library, Provider } from './library.ts'
import { WebProgram } from './program.ts'
import { createSession } from './session.ts'
import type { Owner } from './tensor.ts'

/** What the engines over onnxruntime-web share. Runs block the thread that they were called on. */
export abstract class WebEngine extends BaseEngine implements Owner {
  abstract override readonly name: Provider
  abstract readonly recovers: boolean
  readonly library: Library

  constructor(library: Library, reason: string) {
    super(library.slots, library.threads, reason)
    this.library = library
  }

  protected async createProgram(
    model: OnnxModel,
    label: string,
    options: CompileOptions,
  ): Promise<Program> {
    const session = await createSession(this.library, this.name, model, options)
    return new WebProgram(this, session, model, label)
  }

  checkDevice(): void {}
}
