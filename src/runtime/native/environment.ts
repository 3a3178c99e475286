import type { Pointer } from '../../files/koffi.ts'
import { type Api, openApi } from './api.ts'
import { giveBackLargeBlocks } from './heap.ts'
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
 * The one environment of the process, made at the first call. It is never released: others (such
 * as transformers.js) may share it, and releasing it at exit crashes (onnxruntime#24096).
 * Throws `EngineUnavailable` where the library cannot be used.
 */
export function getEnvironment(): Environment {
  if (!environment) {
    // Otherwise it sends usage data to Microsoft, and keeps files for that in /tmp and ~/.cache.
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
