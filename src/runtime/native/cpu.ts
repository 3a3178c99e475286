import { availableParallelism } from 'node:os'
import type { Pointer } from '../../files/koffi.ts'
import type { DType } from '../../graph/dtype.ts'
import type { Engine } from '../engine.ts'
import type { Released } from './api.ts'
import { NativeEngine } from './engine.ts'
import { type Environment, getEnvironment } from './environment.ts'
import { VERSION } from './library.ts'
import { HostTensor } from './tensor.ts'

/** koffi refuses more than 256 asynchronous calls at a time. */
const MAX_PARALLEL_RUNS = 128

/**
 * ONNX Runtime's CPU provider. Each program has threads of its own, which sleep between runs.
 * Asynchronous runs take place on libuv's threads: `UV_THREADPOOL_SIZE` (4 unless set before Node
 * starts) limits how many are under way at once, and file access shares them.
 */
class CpuEngine extends NativeEngine {
  readonly name = 'cpu'
  readonly hostMemory = true
  readonly readsFiles = true

  constructor(environment: Environment, threads: number) {
    const parallelRuns = Math.min(Number(process.env.UV_THREADPOOL_SIZE) || 4, MAX_PARALLEL_RUNS)
    const reason = `cpu: ONNX Runtime ${VERSION}, native, ${threads} thread${threads > 1 ? 's' : ''}`
    super(environment, { threads }, parallelRuns, reason)
  }

  tensor(dtype: DType, shape: readonly number[]): HostTensor {
    this.check()
    return HostTensor.zeros(this, dtype, shape)
  }

  free(kind: Released, pointer: Pointer | undefined): void {
    if (pointer !== undefined) this.api.release(kind, pointer)
  }
}

/** Throws `EngineUnavailable` where ONNX Runtime's library is missing or cannot be used. */
export async function openCpu(threads = availableParallelism()): Promise<Engine> {
  return new CpuEngine(getEnvironment(), threads)
}
