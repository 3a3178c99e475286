import type { Engine } from '../src/runtime/engine.ts'
import { wrapEngine } from '../src/runtime/wrap-engine.ts'

/** An engine whose programs each write a trace, `prefix`N_..., when they are disposed. */
export function profiled(engine: Engine, prefix: string): Engine {
  let programs = 0
  return wrapEngine(engine, {
    compile: (model, options) =>
      engine.compile(model, { ...options, profile: `${prefix}${programs++}` }),
  })
}
