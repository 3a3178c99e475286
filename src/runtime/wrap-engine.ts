import type { Engine } from './engine.ts'

/** An engine that makes tensors or programs in its own way, and is as `engine` in all else. */
export const wrapEngine = (
  engine: Engine,
  own: Partial<Pick<Engine, 'tensor' | 'compile'>>,
): Engine => ({
  name: engine.name,
  threads: engine.threads,
  parallelRuns: engine.parallelRuns,
  reason: engine.reason,
  hostMemory: engine.hostMemory,
  readsFiles: engine.readsFiles,
  tensor: (dtype, shape) => engine.tensor(dtype, shape),
  compile: (model, options) => engine.compile(model, options),
  dispose: () => engine.dispose(),
  ...own,
})
