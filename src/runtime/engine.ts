import type { DType, TypedArray } from '../graph/dtype.ts'
import type { OnnxModel, TensorSpec } from '../graph/onnx/model.ts'

/** `cpu` is native, `webgpu` native or in the page; `wasm` is WebAssembly. */
export type EngineName = 'cpu' | 'webgpu' | 'wasm'

/**
 * Compiles ONNX models into programs, and owns the memory they work on. Tensors, programs and
 * bindings are disposed explicitly, or with their engine.
 */
export interface Engine {
  readonly name: EngineName
  /** Threads that one program may use. */
  readonly threads: number
  /** Runs that can take place at once; further ones wait. */
  readonly parallelRuns: number
  /** Why this engine was chosen, in one line for the user. */
  readonly reason: string
  /** Whether the host can address tensors: they have `data`, and slices of any part. */
  readonly hostMemory: boolean
  /** Whether weights may lie in files: see `StoredElements`. */
  readonly readsFiles: boolean
  /** A zero-filled tensor. */
  tensor(dtype: DType, shape: readonly number[]): DeviceTensor
  /** Copies the model's weights: the caller may release its own afterwards. */
  compile(model: OnnxModel, options?: CompileOptions): Promise<Program>
  /** Waits for runs to end, then disposes everything that the engine handed out. */
  dispose(): Promise<void>
}

export interface CompileOptions {
  /**
   * `pool` (default): operators use all of the engine's threads. `caller`: each run stays on one
   * thread, so that several can run side by side.
   */
  threading?: 'pool' | 'caller'
  /** Names the program in error messages and profiles. */
  label?: string
  /** ONNX Runtime's graph optimizations (default `all`). */
  optimization?: 'none' | 'basic' | 'extended' | 'all'
  /** Graph transformers to switch off, by name, such as `CommonSubexpressionElimination`. */
  withoutOptimizers?: readonly string[]
  /** False: refuses a model with nodes that would run on the CPU instead of the engine's GPU. */
  cpuFallback?: boolean
  /** Prefix of a trace file for chrome://tracing, written when the program is disposed. */
  profile?: string
}

/** Memory of an engine, with a dtype and a shape. */
export interface DeviceTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Elements. */
  readonly size: number
  /** The memory itself, if `engine.hostMemory`. Empty once disposed. */
  readonly data: TypedArray | undefined
  /**
   * A view of `shape` from element `offset` on, on the same memory. Without `hostMemory` only of
   * all elements: `slice(0, shape)`.
   */
  slice(offset: number, shape: readonly number[]): DeviceTensor
  /**
   * Copies from the host; `values.length` must equal `size`. Halves are given as their bits. A
   * concurrent run may see old or new values.
   */
  write(values: TypedArray | readonly number[]): void
  /** Copies to the host. */
  read(): Promise<TypedArray>
  dispose(): void
}

/** A compiled model. One program serves every size of its named dimensions. */
export interface Program {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /**
   * Binds every input and output, by name, to memory. An output may share an input's memory if each
   * element is read before it is written. Throws for wrong names, dtypes or shapes, and for
   * disposed tensors.
   */
  bind(tensors: Readonly<Record<string, DeviceTensor>>): Binding
  /** Disposes its bindings, too, once their runs have ended. */
  dispose(): void
}

/** A program bound to its memory: run it as often as needed, one run at a time. */
export interface Binding {
  /**
   * Runs off the event loop. Rejects with `signal.reason` if aborted. On a GPU it resolves once the
   * work is submitted: later programs see its results, and reading them waits.
   */
  run(options?: { signal?: AbortSignal }): Promise<void>
  /** Runs on the calling thread; the native CPU engine only. */
  runSync?(): void
  dispose(): void
}
