import { availableParallelism } from 'node:os'
import type { Engine } from '../engine.ts'
import { type Library, startLibrary } from './library.ts'
import { WasmEngine } from './wasm.ts'

let library: Promise<Library> | undefined

/**
 * WebAssembly in Node. All engines share one module, with the first one's number of threads.
 * `because`: why another engine was not chosen. Throws `EngineUnavailable`.
 */
export async function openWasm(
  threads = availableParallelism(),
  because?: string,
): Promise<Engine> {
  library ??= startLibrary(() => import('onnxruntime-web'), 'wasm', { threads })
  return new WasmEngine(await library, because)
}
