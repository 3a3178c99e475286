import type { Tensor } from 'onnxruntime-web'
import type { Owner as BaseOwner } from '../base-engine.ts'
import { BaseTensor } from '../base-tensor.ts'
import type { Library } from './library.ts'

/** The engine, for its tensors, programs and bindings. */
export interface Owner extends BaseOwner {
  readonly library: Library
  /** False: a session that ran again after a failed run would block the page for good. */
  readonly recovers: boolean
  /** Throws an error of the device that no call has reported yet. */
  checkDevice(): void
}

/** Where an output of one run goes. */
export interface OutputTarget {
  /** Memory to write to; null: ONNX Runtime allocates. */
  readonly tensor: Tensor | null
  /** Makes the run's result the values of the tensor. */
  keep(result: Tensor): void
}

/** A tensor as the engines over onnxruntime-web bind it. */
export abstract class WebTensor extends BaseTensor<Owner> {
  /** The tensor as a run reads it. */
  abstract input(): Tensor
  /** Where a run that reads `inputs` may write the tensor. */
  abstract output(inputs: readonly WebTensor[]): OutputTarget
}
