import type { Engine } from '../runtime/engine.ts'

/** An engine whose programs each write a trace, `prefix`N_..., when they are disposed. */
export function profiled(engine: Engine, prefix: string): Engine {
  let programs = 0
  return {
    name: engine.name,
    threads: engine.threads,
    parallelRuns: engine.parallelRuns,
    reason: engine.reason,
    hostMemory: engine.hostMemory,
    readsFiles: engine.readsFiles,
    tensor: (dtype, shape) => engine.tensor(dtype, shape),
    compile: (model, options) =>
      engine.compile(model, { ...options, profile: `${prefix}${programs++}` }),
    dispose: () => engine.dispose(),
  }
}
