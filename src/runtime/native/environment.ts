import { loadLibrary, type Pointer } from '../../files/koffi.ts'
import { DTYPES, type DType } from '../../graph/dtype.ts'
import { type Api, openApi } from './api.ts'
import { findLibrary } from './library.ts'

/** ONNX Runtime in this process. */
export interface Environment {
  api: Api
  env: Pointer
  /** Describes ordinary memory. */
  cpuMemory: Pointer
}

/** Errors reach the caller as exceptions; ONNX Runtime's own lines would only repeat them. */
const LOG_FATAL = 4
const ARENA_ALLOCATOR = 1
const DEFAULT_MEMORY = 0

let environment: Environment | undefined

/**
 * The one environment of the process, created at the first call. It is never released: other code,
 * such as transformers.js, may share it, and releasing it at exit crashes (onnxruntime#24096).
 * Throws `EngineUnavailable` if the library cannot be used.
 */
export function getEnvironment(): Environment {
  if (!environment) {
    // Otherwise it sends usage data to Microsoft, and keeps files for it in /tmp and ~/.cache.
    process.env.ORT_DISABLE_TELEMETRY ??= '1'
    giveBackLargeBlocks()
    const api = openApi(findLibrary())
    const env = api.create('CreateEnv', LOG_FATAL, 'chatwright')
    api.call('DisableTelemetryEvents', env)
    const cpuMemory = api.create('CreateCpuMemoryInfo', ARENA_ALLOCATOR, DEFAULT_MEMORY)
    environment = { api, env, cpuMemory }
  }
  return environment
}

/** `M_MMAP_THRESHOLD` of glibc's malloc.h. */
const MMAP_THRESHOLD = -3
const LARGE = 1 << 20

/**
 * Makes the process return blocks of a megabyte and more to the system as soon as they are freed.
 * glibc's default adapts to what is freed and keeps it, between blocks in use: while weights are
 * transposed and packed, as much again as they take.
 */
function giveBackLargeBlocks(): void {
  if (process.platform !== 'linux') return
  try {
    loadLibrary('libc.so.6').func('mallopt', 'int', ['int', 'int'])(MMAP_THRESHOLD, LARGE)
  } catch {
    // Another libc.
  }
}

/** An OrtValue over memory of `kind`, which the caller keeps alive and in place. */
export function createValue(
  { api, cpuMemory }: Environment,
  dtype: DType,
  shape: readonly number[],
  address: Pointer,
  bytes: number,
  kind = cpuMemory,
): Pointer {
  const dims = BigInt64Array.from(shape, BigInt)
  const type = [dims, dims.length, DTYPES[dtype].onnx] as const
  return api.create('CreateTensorWithDataAsOrtValue', kind, address, bytes, ...type)
}
