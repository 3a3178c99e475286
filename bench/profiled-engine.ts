import type { Engine } from '../src/runtime/engine.ts'

/** An engine that makes tensors or programs in its own way, and is like `engine` otherwise. */
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

/** An engine whose programs each write a trace, `prefix`N_..., when they are disposed. */
export function profiled(engine: Engine, prefix: string): Engine {
  let programs = 0
  return wrapEngine(engine, {
    compile: (model, options) =>
      engine.compile(model, { ...options, profile: `${prefix}${programs++}` }),
  })
}
