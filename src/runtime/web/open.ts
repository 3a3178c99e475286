import { EngineUnavailable, UserError } from '../../errors.ts'
import type { Engine } from '../engine.ts'
import { type Library, type LibraryOptions, type Provider, startLibrary } from './library.ts'
import { WasmEngine } from './wasm.ts'
import { openWebGpu } from './webgpu.ts'

export interface PageEngineOptions extends Pick<LibraryOptions, 'wasmPaths'> {
  /** `auto` (default): WebGPU if the page has it, otherwise WebAssembly. */
  engine?: Provider | 'auto'
  /** Threads of WebAssembly (default: as many as the machine runs at once). */
  threads?: number
}

/** The running builds. */
const libraries = new Map<Provider, Promise<Library>>()

/**
 * Opens an engine, in a page or a worker. WebAssembly has threads only if the page is cross-origin
 * isolated, and blocks the thread that runs it: train in a worker, so that the page stays
 * responsive. Only `auto` falls back to another engine, and `engine.reason` then says why; an
 * engine chosen by name throws `EngineUnavailable` if it cannot work here.
 *
 * `threads` and `wasmPaths` apply to the first engine of a kind, which starts the WebAssembly
 * module that all of them share.
 */
export async function openEngine(options: PageEngineOptions = {}): Promise<Engine> {
  const { engine = 'auto', threads } = options
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1))
    throw new UserError(`threads must be a whole number of at least 1, not ${threads}`)
  switch (engine) {
    case 'wasm':
      return openWasm(options)
    case 'webgpu':
      return openGpu(options)
    case 'auto':
      return openGpu(options).catch((error) => {
        if (!(error instanceof EngineUnavailable)) throw error
        return openWasm(options, error.message)
      })
    default:
      throw new UserError(`engine must be auto, webgpu or wasm, not ${engine satisfies never}`)
  }
}

async function openWasm(options: PageEngineOptions, because?: string): Promise<Engine> {
  const isolated = globalThis.crossOriginIsolated
  const threads = isolated ? (options.threads ?? navigator.hardwareConcurrency) : 1
  const reasons = [
    ...(because === undefined ? [] : [because]),
    ...(isolated ? [] : ['the page is not cross-origin isolated, which threads need']),
  ]
  const library = await start('wasm', () => import('onnxruntime-web/wasm'), { ...options, threads })
  return new WasmEngine(library, reasons.length > 0 ? reasons.join('; ') : undefined)
}

/** Nodes left to the CPU are small: one thread by default. */
async function openGpu({ threads = 1, wasmPaths }: PageEngineOptions): Promise<Engine> {
  if (!navigator.gpu) throw new EngineUnavailable('this browser has no WebGPU')
  const options = { threads: globalThis.crossOriginIsolated ? threads : 1, wasmPaths }
  return openWebGpu(await start('webgpu', () => import('onnxruntime-web/webgpu'), options))
}

function start(
  provider: Provider,
  load: Parameters<typeof startLibrary>[0],
  options: LibraryOptions,
): Promise<Library> {
  const library = libraries.get(provider) ?? startLibrary(load, provider, options)
  libraries.set(provider, library)
  return library
}
