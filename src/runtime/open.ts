import { EngineUnavailable, UserError } from '../errors.ts'
import type { Engine, EngineName } from './engine.ts'
import { expectThreads } from './memory.ts'

export interface EngineOptions {
  /** `auto` (default): native on the CPU; where that cannot work, WebAssembly. */
  engine?: EngineName | 'auto'
  /** Threads that one program may use (default: as many as the machine runs at once). */
  threads?: number
}

/**
 * Opens an engine, in Node. Only `auto` falls back, and `engine.reason` then says why; one that was
 * asked for by name throws `EngineUnavailable` if it cannot work here.
 */
export async function openEngine({
  engine = 'auto',
  threads,
}: EngineOptions = {}): Promise<Engine> {
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1))
    throw new UserError(`threads must be a whole number of at least 1, not ${threads}`)
  if (threads !== undefined) expectThreads(threads)
  switch (engine) {
    case 'cpu':
      return openCpu(threads)
    case 'webgpu':
      return (await native(import('./native/webgpu.ts'))).openWebGpu(threads)
    case 'wasm':
      return openWasm(threads)
    case 'auto':
      return openCpu(threads).catch((error) => {
        if (!(error instanceof EngineUnavailable)) throw error
        return openWasm(threads, error.message)
      })
    default:
      throw new UserError(`engine must be auto, cpu, webgpu or wasm, not ${engine satisfies never}`)
  }
}

/**
 * Does some work on an engine: on one that is open already, which stays open, or on one by these
 * options, which is disposed in the end.
 */
export async function withEngine<T>(
  options: EngineOptions,
  opened: Engine | undefined,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  if (opened) return work(opened)
  const engine = await openEngine(options)
  try {
    return await work(engine)
  } finally {
    await engine.dispose()
  }
}

async function openCpu(threads: number | undefined): Promise<Engine> {
  return (await native(import('./native/cpu.ts'))).openCpu(threads)
}

async function openWasm(threads: number | undefined, because?: string): Promise<Engine> {
  return (await import('./web/node.ts')).openWasm(threads, because)
}

/** koffi throws on import where it has no build for the machine. */
function native<T>(module: Promise<T>): Promise<T> {
  return module.catch((error) => {
    throw new EngineUnavailable(`koffi cannot be used here: ${error.message}`)
  })
}
