import { availableParallelism } from 'node:os'
import type { Engine } from '../engine.ts'
import { type Library, startLibrary } from './library.ts'
import { WasmEngine } from './wasm.ts'

let library: Promise<Library> | undefined

/**
 * WebAssembly in Node. All engines share one WebAssembly module, and the number of threads that the
 * first asked for. `because` is why another engine was not taken. Throws `EngineUnavailable`.
 */
export async function openWasm(
  threads = availableParallelism(),
  because?: string,
): Promise<Engine> {
  library ??= startLibrary(() => import('onnxruntime-web'), 'wasm', { threads })
  return new WasmEngine(await library, because)
}
