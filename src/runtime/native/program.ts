import type { Pointer } from '../../files/koffi.ts'
import type { OnnxModel, TensorSpec } from '../../graph/onnx/model.ts'
import { checkBinding } from '../check.ts'
import type { DeviceTensor, Program } from '../engine.ts'
import { Shared } from '../shared.ts'
import { NativeBinding } from './binding.ts'
import { isNative, type NativeTensor, type Owner } from './tensor.ts'

/** An InferenceSession. */
export class NativeProgram implements Program {
  readonly label: string
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly owner: Owner
  readonly pointer: Pointer
  /** Held by bindings, so that a run under way outlives `dispose`. */
  readonly session: Shared
  readonly bindings = new Set<NativeBinding>()
  #disposed = false

  /** Takes over the session at `pointer`. */
  constructor(owner: Owner, pointer: Pointer, model: OnnxModel, label: string) {
    this.owner = owner
    this.label = label
    this.inputs = model.inputs
    this.outputs = model.outputs
    this.pointer = pointer
    this.session = new Shared(() => owner.free('Session', pointer))
    owner.children.add(this)
  }

  bind(tensors: Readonly<Record<string, DeviceTensor>>): NativeBinding {
    this.check()
    checkBinding(this, tensors)
    const own: Record<string, NativeTensor> = {}
    for (const [name, tensor] of Object.entries(tensors)) {
      if (!isNative(tensor) || tensor.owner !== this.owner)
        throw new Error(`program "${this.label}": tensor "${name}" is another engine's`)
      tensor.name ??= name
      tensor.check()
      own[name] = tensor
    }
    return new NativeBinding(this, own)
  }

  /** Throws once disposed. */
  check(): void {
    if (this.#disposed) throw new Error(`program "${this.label}" was disposed`)
  }

  /** ONNX Runtime's error, with the program's name. */
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
