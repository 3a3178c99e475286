import type { Pointer } from '../../files/koffi.ts'
import type { OnnxModel } from '../../graph/onnx/model.ts'
import { BaseProgram } from '../base-program.ts'
import { NativeBinding } from './binding.ts'
import type { NativeTensor, Owner } from './tensor.ts'

/** An InferenceSession. */
export class NativeProgram extends BaseProgram<Owner, NativeTensor> {
  readonly pointer: Pointer

  /** Takes over the session at `pointer`. */
  constructor(owner: Owner, pointer: Pointer, model: OnnxModel, label: string) {
    super(owner, model, label, () => owner.free('Session', pointer))
    this.pointer = pointer
  }

  protected bindChecked(tensors: Readonly<Record<string, NativeTensor>>): NativeBinding {
    return new NativeBinding(this, tensors)
  }
}
