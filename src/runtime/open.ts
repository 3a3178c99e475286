import { EngineUnavailable, UserError } from '../errors.ts'
import type { Engine, EngineName } from './engine.ts'
import { expectThreads } from './memory.ts'

export interface EngineOptions {
  /** `auto` (default): native on the CPU; if that is unavailable, WebAssembly. */
  engine?: EngineName | 'auto'
  /** Threads of one program (default: as many as the machine runs at once). */
  threads?: number
}

export interface EngineChoice extends Pick<EngineOptions, 'threads'> {
  /** Where to compute; an engine that is already open stays the caller's. */
  engine?: EngineOptions['engine'] | Engine
}

/** Loads a model on the chosen engine. `ownsEngine`: it was opened here, and is the model's. */
export async function loadOnEngine<T>(
  { engine: chosen, threads }: EngineChoice,
  load: (engine: Engine, ownsEngine: boolean) => Promise<T>,
): Promise<T> {
  if (typeof chosen === 'object') return load(chosen, false)
  const engine = await openEngine({ engine: chosen, threads })
  try {
    return await load(engine, true)
  } catch (error) {
    await engine.dispose()
    throw error
  }
}

/**
 * Opens an engine, in Node. Only `auto` falls back to another, and `engine.reason` then says why;
 * an engine chosen by name throws `EngineUnavailable` if it cannot work here.
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

/** Does `work` on `opened`, or on an engine with these options, which is disposed at the end. */
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

/** koffi throws on import if it has no build for the machine. */
function native<T>(module: Promise<T>): Promise<T> {
  return module.catch((error) => {
    throw new EngineUnavailable(`koffi cannot be used here: ${error.message}`)
  })
}
