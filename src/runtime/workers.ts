import type { Engine } from './engine.ts'

/** Concurrent single-threaded runs that pay: all threads on the CPU, otherwise one. */
export const workersOf = (engine: Engine): number =>
  engine.hostMemory ? Math.min(engine.threads, engine.parallelRuns) : 1

/**
 * Runs `work` on every item, `workers` at a time. Worker w takes items w, w + workers, ... If one
 * fails, it rejects once all have ended, so that their memory is free.
 */
export async function inParallel<T>(
  workers: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const worker = async (_: unknown, first: number) => {
    for (let i = first; i < items.length; i += workers) await work(items[i] as T, i)
  }
  const ends = await Promise.allSettled(
    Array.from({ length: Math.min(workers, items.length) }, worker),
  )
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}
