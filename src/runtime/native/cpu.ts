import { availableParallelism } from 'node:os'
import type { Pointer } from '../../files/koffi.ts'
import type { DType } from '../../graph/dtype.ts'
import type { Engine } from '../engine.ts'
import type { Released } from './api.ts'
import { NativeEngine } from './engine.ts'
import { type Environment, getEnvironment } from './environment.ts'
import { VERSION } from './library.ts'
import { HostTensor } from './tensor.ts'

/** koffi refuses more than 256 concurrent asynchronous calls. */
const MAX_PARALLEL_RUNS = 128

/**
 * ONNX Runtime's CPU provider. Each program has its own threads, which sleep between runs.
 * Asynchronous runs use libuv's threads, shared with file access: `UV_THREADPOOL_SIZE` (4 unless
 * set before Node starts) limits how many run at once.
 */
class CpuEngine extends NativeEngine {
  readonly name = 'cpu'
  readonly hostMemory = true
  readonly readsFiles = true

  constructor(environment: Environment, threads: number) {
    const parallelRuns = Math.min(Number(process.env.UV_THREADPOOL_SIZE) || 4, MAX_PARALLEL_RUNS)
    const count = `${threads} thread${threads > 1 ? 's' : ''}`
    const reason = `cpu: ONNX Runtime ${VERSION}, native, ${count}`
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

/** Throws `EngineUnavailable` if ONNX Runtime's library is missing or cannot be used. */
export async function openCpu(threads = availableParallelism()): Promise<Engine> {
  return new CpuEngine(getEnvironment(), threads)
}
