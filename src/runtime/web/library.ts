import type * as onnxruntime from 'onnxruntime-web'
import type { InferenceSession } from 'onnxruntime-web'
import { EngineUnavailable } from '../../errors.ts'
import { input, toOnnx } from '../../graph/index.ts'
import { Slots } from '../slots.ts'

/** What onnxruntime-web and its builds export. */
export type Ort = typeof onnxruntime

export type Provider = 'wasm' | 'webgpu'

export interface LibraryOptions {
  /** Threads of an operator. */
  threads: number
  /**
   * URL of the folder of onnxruntime-web's .wasm files, ending in `/`, or of each file (default:
   * where the bundler put them; in Node, in the package).
   */
  wasmPaths?: string | { wasm?: string | URL; mjs?: string | URL }
}

/** A running build of onnxruntime-web: a WebAssembly module with its memory and threads. */
export interface Library {
  readonly ort: Ort
  /** Set by the first engine; the module cannot change them. */
  readonly threads: number
  /** One slot: the module's stack does not support interleaved calls. */
  readonly slots: Slots
  /** Never released: the first session creates the GPU device, and the last one destroys it. */
  readonly anchor: InferenceSession
}

/** Starts a build. Throws `EngineUnavailable` with the reason if that fails. */
export async function startLibrary(
  load: () => Promise<Ort>,
  provider: Provider,
  { threads, wasmPaths }: LibraryOptions,
): Promise<Library> {
  try {
    const ort = await load()
    ort.env.logLevel = 'fatal'
    ort.env.wasm.numThreads = threads
    if (wasmPaths !== undefined) ort.env.wasm.wasmPaths = wasmPaths
    const options = { executionProviders: [provider], logSeverityLevel: 4 } as const
    const anchor = await ort.InferenceSession.create(identity.bytes, options)
    return { ort, threads: ort.env.wasm.numThreads, slots: new Slots(1), anchor }
  } catch (error) {
    throw new EngineUnavailable(`onnxruntime-web cannot be used here: ${(error as Error).message}`)
  }
}

/** y = x, of one number: the least that an execution provider must be able to run. */
const identity = toOnnx({ y: input('x', 'float32', [1]) }, { target: 'wasm' })
