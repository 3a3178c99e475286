import { wrapEngine } from '../bench/profiled-engine.ts'
import type { DeviceTensor, Engine } from '../src/runtime/engine.ts'

/** An engine whose memory can be made to end, and that knows which tensors are in use. */
export interface FailingEngine {
  engine: Engine
  readonly inUse: ReadonlySet<DeviceTensor>
  /** From now on, so many tensors are made; the next throws, once. */
  failAfter(tensors: number): void
  /** Whether it has yet to throw. */
  isArmed(): boolean
}

export function failing(engine: Engine): FailingEngine {
  const inUse = new Set<DeviceTensor>()
  let left = Number.POSITIVE_INFINITY
  const tensor: Engine['tensor'] = (dtype, shape) => {
    if (left-- === 0) {
      left = Number.POSITIVE_INFINITY
      throw new RangeError('no memory is left')
    }
    const made = engine.tensor(dtype, shape)
    const { dispose } = made
    made.dispose = () => {
      inUse.delete(made)
      dispose.call(made)
    }
    inUse.add(made)
    return made
  }
  return {
    engine: wrapEngine(engine, { tensor }),
    inUse,
    failAfter: (tensors) => {
      left = tensors
    },
    isArmed: () => left < Number.POSITIVE_INFINITY,
  }
}
