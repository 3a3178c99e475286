import type { DType, TypedArray } from '../graph/dtype.ts'
import type { OnnxModel, TensorSpec } from '../graph/onnx/model.ts'

/** Where programs run. `cpu` and `webgpu` are native or in the page; `wasm` is WebAssembly. */
export type EngineName = 'cpu' | 'webgpu' | 'wasm'

/**
 * A place that computes: it compiles ONNX models into programs and owns the memory they work on.
 * Everything it hands out (tensors, programs, bindings) is disposed explicitly, or with it.
 */
export interface Engine {
  readonly name: EngineName
  /** Threads that one program may use. */
  readonly threads: number
  /** Runs that can be under way at once; further ones wait. */
  readonly parallelRuns: number
  /** Why this engine was chosen, in one line for the user. */
  readonly reason: string
  /** True where tensors have `data`, and slices of any part: memory that the host can address. */
  readonly hostMemory: boolean
  /** True where weights may lie in files: see `StoredElements`. */
  readonly readsFiles: boolean
  /** A zero-filled tensor. */
  tensor(dtype: DType, shape: readonly number[]): DeviceTensor
  /** The model's weights are copied; what they were given in can be let go afterwards. */
  compile(model: OnnxModel, options?: CompileOptions): Promise<Program>
  /** Waits for runs under way, then disposes everything that the engine handed out. */
  dispose(): Promise<void>
}

export interface CompileOptions {
  /**
   * `pool`: operators spread over the engine's threads (default). `caller`: each run stays on one
   * thread, for several runs side by side.
   */
  threading?: 'pool' | 'caller'
  /** Names the program in error messages and profiles. */
  label?: string
  /** What ONNX Runtime may do to the graph (default `all`). */
  optimization?: 'none' | 'basic' | 'extended' | 'all'
  /** ONNX Runtime's graph transformers to leave out, by name: `CommonSubexpressionElimination`. */
  withoutOptimizers?: readonly string[]
  /**
   * False: refuse a model of which some nodes would run on the CPU instead of this engine's GPU.
   */
  cpuFallback?: boolean
  /** Writes a trace for chrome://tracing to a file of this prefix, when the program is disposed. */
  profile?: string
}

/** Memory of an engine, with a dtype and a shape. */
export interface DeviceTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Elements. */
  readonly size: number
  /** The memory itself, where `engine.hostMemory`; otherwise undefined. Empty once disposed. */
  readonly data: TypedArray | undefined
  /**
   * A view of `shape` that starts `offset` elements in; shares memory. Without `hostMemory` only of
   * the whole: `slice(0, shape)` with another shape of as many elements.
   */
  slice(offset: number, shape: readonly number[]): DeviceTensor
  /**
   * Copies from the host; `values.length` must equal `size`. Halves are given as their bits. What a
   * run sees that is under way meanwhile is open.
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
   * Ties every input and output, by name, to memory. An output may share an input's memory where
   * each element is read before it is written. Checked here: names, dtypes, shapes, disposal.
   */
  bind(tensors: Readonly<Record<string, DeviceTensor>>): Binding
  /** Disposes its bindings too. Runs under way end first. */
  dispose(): void
}

/** A program tied to its memory: run it as often as needed, one run at a time. */
export interface Binding {
  /**
   * Runs off the event loop. Rejects with `signal.reason` when aborted. On a GPU it resolves when
   * the work was handed over: programs see the results in turn, and reading them waits.
   */
  run(options?: { signal?: AbortSignal }): Promise<void>
  /** Runs on the calling thread; only native CPU has it. */
  runSync?(): void
  dispose(): void
}
