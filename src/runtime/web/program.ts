import type { InferenceSession } from 'onnxruntime-web'
import type { OnnxModel } from '../../graph/onnx/model.ts'
import { BaseProgram } from '../base-program.ts'
import { WebBinding } from './binding.ts'
import type { Owner, WebTensor } from './tensor.ts'

/** A session of onnxruntime-web. */
export class WebProgram extends BaseProgram<Owner, WebTensor> {
  readonly ortSession: InferenceSession
  #failure: Error | undefined

  constructor(owner: Owner, session: InferenceSession, model: OnnxModel, label: string) {
    super(owner, model, label, () => void owner.slots.use(() => session.release()))
    this.ortSession = session
  }

  protected bindChecked(tensors: Readonly<Record<string, WebTensor>>): WebBinding {
    return new WebBinding(this, tensors)
  }

  /** Throws once disposed, and after a run that failed for good. */
  override check(): void {
    super.check()
    this.checkFailure()
  }

  checkFailure(): void {
    if (!this.#failure) return
    const problem = `program "${this.label}" failed in a run, and cannot run again: compile it anew`
    throw new Error(problem, { cause: this.#failure })
  }

  override explain(error: unknown): Error {
    const failure = super.explain(error)
    if (!this.owner.recovers) this.#failure = failure
    return failure
  }
}
