import type { StartFacts, TrainEvents, TrainResult } from '../train/session.ts'

/** Exit codes after a signal, as shells have them: 128 and its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

type Signal = keyof typeof SIGNALS

/**
 * Ends work in good order: between `listen` and `close`, the first Ctrl-C or SIGTERM (or a closed
 * standard output) aborts `signal`. Before, after, and at a second signal, the system ends the
 * process at once; work that has nothing to save does not need this class.
 */
export class Interrupt {
  readonly #controller = new AbortController()
  readonly #stops = (Object.keys(SIGNALS) as Signal[]).map(
    (name) => [name, () => this.#stop(SIGNALS[name])] as const,
  )
  readonly #lostReader = () => this.#stop(undefined)
  #exitCode: number | undefined

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The exit code of the process; undefined if no signal came. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  listen(): this {
    for (const [name, stop] of this.#stops) process.on(name, stop)
    process.stdout.on('error', this.#lostReader)
    return this
  }

  close(): void {
    for (const [name, stop] of this.#stops) process.off(name, stop)
    process.stdout.off('error', this.#lostReader)
  }

  #stop(exitCode: number | undefined): void {
    this.close()
    this.#exitCode = exitCode
    this.#controller.abort(new Interruption(exitCode))
  }
}

/**
 * A training that the first Ctrl-C or SIGTERM stops and saves. Before the first step there is
 * nothing to save: a signal ends the process at once.
 */
export async function interruptibleTraining(
  train: (events: TrainEvents) => Promise<TrainResult>,
  events: TrainEvents,
): Promise<{ result: TrainResult; exitCode: number | undefined }> {
  const interrupt = new Interrupt()
  const onStart = (facts: StartFacts) => {
    events.onStart?.(facts)
    interrupt.listen()
  }
  try {
    const result = await train({ ...events, onStart, signal: interrupt.signal })
    return { result, exitCode: interrupt.exitCode }
  } finally {
    interrupt.close()
  }
}

/** Does work that the first Ctrl-C or SIGTERM aborts. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new Interrupt().listen()
  return work(interrupt.signal).finally(() => interrupt.close())
}

/** Why work was aborted. */
export class Interruption extends Error {
  override name = 'AbortError'
  readonly exitCode: number

  constructor(exitCode: number = SIGNALS.SIGINT) {
    super('interrupted')
    this.exitCode = exitCode
  }
}
