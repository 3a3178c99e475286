import type { DType } from '../src/graph/dtype.ts'
import type { DeviceTensor, Engine } from '../src/runtime/engine.ts'

/** An engine whose memory can be made to end, and that knows which tensors are in use. */
export interface FailingEngine extends Engine {
  readonly inUse: ReadonlySet<DeviceTensor>
  /** From now on, so many tensors are made; the next throws, once. */
  failAfter(tensors: number): void
  /** False once it has thrown. */
  readonly isArmed: boolean
}

export function failing(engine: Engine): FailingEngine {
  const inUse = new Set<DeviceTensor>()
  let left = Number.POSITIVE_INFINITY
  return {
    name: engine.name,
    threads: engine.threads,
    parallelRuns: engine.parallelRuns,
    reason: engine.reason,
    hostMemory: engine.hostMemory,
    readsFiles: engine.readsFiles,
    compile: (model, options) => engine.compile(model, options),
    dispose: () => engine.dispose(),
    inUse,
    failAfter: (tensors) => {
      left = tensors
    },
    get isArmed() {
      return left < Number.POSITIVE_INFINITY
    },
    tensor(dtype: DType, shape: readonly number[]): DeviceTensor {
      if (left-- === 0) {
        left = Number.POSITIVE_INFINITY
        throw new RangeError('no memory is left')
      }
      const tensor = engine.tensor(dtype, shape)
      const { dispose } = tensor
      tensor.dispose = () => {
        inUse.delete(tensor)
        dispose.call(tensor)
      }
      inUse.add(tensor)
      return tensor
    },
  }
}
