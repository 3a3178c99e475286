import type { Tensor } from 'onnxruntime-web'
import { sizeOf } from '../../graph/dim.ts'
import type { DType, TypedArray } from '../../graph/dtype.ts'
import { checkShape, describe } from '../check.ts'
import type { DeviceTensor } from '../engine.ts'
import { Shared } from '../shared.ts'
import type { Library } from './library.ts'

/** What tensors, programs and bindings know of the engine that made them. */
export interface Owner {
  readonly library: Library
  /** What is still to be disposed. */
  readonly children: Set<{ dispose(): void }>
  /** False: a session that ran again after a run failed would block the page for good. */
  readonly recovers: boolean
  /** Throws what went wrong since the last time and could not be told before. */
  checkDevice(): void
}

/** Where an output of one run goes. */
export interface Place {
  /** Memory to write to; null: ONNX Runtime allocates. */
  readonly tensor: Tensor | null
  /** Makes the run's result the values of the tensor. */
  keep(result: Tensor): void
}

/** A tensor as the engines over onnxruntime-web bind it. */
export abstract class WebTensor implements DeviceTensor {
  /** Set when first bound, for messages. */
  name?: string
  readonly owner: Owner
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly size: number
  /** Held by bindings, so that a run under way outlives `dispose`. */
  readonly memory: Shared
  #disposed = false

  constructor(owner: Owner, dtype: DType, shape: readonly number[]) {
    checkShape(shape)
    this.owner = owner
    this.dtype = dtype
    this.shape = [...shape]
    this.size = sizeOf(shape)
    this.memory = new Shared(() => this.free())
    owner.children.add(this)
  }

  abstract readonly data: TypedArray | undefined
  abstract slice(offset: number, shape: readonly number[]): DeviceTensor
  abstract write(values: TypedArray | readonly number[]): void
  abstract read(): Promise<TypedArray>
  /** The tensor as a run reads it. */
  abstract input(): Tensor
  /** Where a run that has `inputs` may write the tensor. */
  abstract output(inputs: readonly WebTensor[]): Place
  /** Called when nothing needs the memory any more. */
  protected abstract free(): void

  get isDisposed(): boolean {
    return this.#disposed
  }

  /** Throws if the tensor can no longer be used. */
  check(): void {
    if (this.#disposed) throw new Error(`tensor ${describe(this)} was disposed`)
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.owner.children.delete(this)
    this.memory.release()
  }
}
