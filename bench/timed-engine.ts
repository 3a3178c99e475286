import type { Binding, Engine } from '../src/runtime/engine.ts'
import { wrapEngine } from './profiled-engine.ts'

/** Time that programs of an engine ran, in milliseconds. */
export interface RunTimes {
  /** In which at least one ran. */
  any: number
  /** By label; runs side by side are added up. */
  byLabel: Map<string, number>
}

/** An engine that measures how long its programs run, and what it measured so far. */
export function timed(engine: Engine): { engine: Engine; times: RunTimes } {
  const times: RunTimes = { any: 0, byLabel: new Map() }
  let running = 0
  let since = 0
  const begin = () => {
    const now = performance.now()
    if (running++ === 0) since = now
    return now
  }
  const end = (label: string, started: number) => {
    const now = performance.now()
    if (--running === 0) times.any += now - since
    times.byLabel.set(label, (times.byLabel.get(label) ?? 0) + now - started)
  }
  const measured = (binding: Binding, label: string): Binding => {
    const { runSync } = binding
    return {
      run: async (options) => {
        const started = begin()
        await binding.run(options).finally(() => end(label, started))
      },
      ...(runSync && {
        runSync: () => {
          const started = begin()
          runSync.call(binding)
          end(label, started)
        },
      }),
      dispose: () => binding.dispose(),
    }
  }
  const wrapped = wrapEngine(engine, {
    compile: async (model, options = {}) => {
      const program = await engine.compile(model, options)
      // Programs of an optimizer are labeled by what they are made for, which takes many words.
      const [label = ''] = (options.label ?? 'program').split(' ')
      return {
        inputs: program.inputs,
        outputs: program.outputs,
        bind: (tensors) => measured(program.bind(tensors), label),
        dispose: () => program.dispose(),
      }
    },
  })
  return { engine: wrapped, times }
}
