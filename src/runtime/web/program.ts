import type { InferenceSession } from 'onnxruntime-web'
import type { OnnxModel, TensorSpec } from '../../graph/onnx/model.ts'
import { checkBinding } from '../check.ts'
import type { DeviceTensor, Program } from '../engine.ts'
import { Shared } from '../shared.ts'
import { WebBinding } from './binding.ts'
import { type Owner, WebTensor } from './tensor.ts'

/** A session of onnxruntime-web. */
export class WebProgram implements Program {
  readonly label: string
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly owner: Owner
  readonly ortSession: InferenceSession
  /** Held by bindings, so that a run under way outlives `dispose`. */
  readonly session: Shared
  readonly bindings = new Set<WebBinding>()
  #failure: Error | undefined
  #disposed = false

  constructor(owner: Owner, session: InferenceSession, model: OnnxModel, label: string) {
    this.owner = owner
    this.label = label
    this.inputs = model.inputs
    this.outputs = model.outputs
    this.ortSession = session
    this.session = new Shared(() => void owner.library.slots.use(() => session.release()))
    owner.children.add(this)
  }

  bind(tensors: Readonly<Record<string, DeviceTensor>>): WebBinding {
    this.check()
    checkBinding(this, tensors)
    const own: Record<string, WebTensor> = {}
    for (const [name, tensor] of Object.entries(tensors)) {
      if (!(tensor instanceof WebTensor) || tensor.owner !== this.owner)
        throw new Error(`program "${this.label}": tensor "${name}" is another engine's`)
      tensor.name ??= name
      tensor.check()
      own[name] = tensor
    }
    return new WebBinding(this, own)
  }

  /** Throws once disposed, and where a run that failed was the last. */
  check(): void {
    if (this.#disposed) throw new Error(`program "${this.label}" was disposed`)
    this.checkFailure()
  }

  checkFailure(): void {
    if (!this.#failure) return
    const problem = `program "${this.label}" failed in a run, and cannot run again: compile it anew`
    throw new Error(problem, { cause: this.#failure })
  }

  /** What a run failed with, with the program's name. */
  fail(error: unknown): Error {
    const { message } = error as Error
    const failure = new Error(`program "${this.label}": ${message}`, { cause: error })
    if (!this.owner.recovers) this.#failure = failure
    return failure
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    for (const binding of this.bindings) binding.dispose()
    this.owner.children.delete(this)
    this.session.release()
  }
}
