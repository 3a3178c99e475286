import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { ByteLevelBpe } from './byte-level-bpe.ts'
import { WordCounter, type WordCounts } from './count.ts'
import { pieces } from './pieces.ts'
import type { SplitName } from './split.ts'
import { bpeFromCounts, type TrainBpeOptions, withDefaults } from './train.ts'

/** UTF-16 units counted before threads are started: half a second's work. */
const ALONE = 1 << 23
/** Node 20 runs no TypeScript in a thread: from src/ too, this is the built file. */
const WORKER = new URL('../../../dist/text/bpe/count-worker.js', import.meta.url)

/**
 * As `trainBpe`, with the words counted on `threads` threads (default: as many as the machine runs
 * at once) once the text turns out to be long. The result is the same with any number.
 */
export async function trainBpeOnThreads(
  chunks: AsyncIterable<string> | Iterable<string>,
  options: TrainBpeOptions & { threads?: number },
): Promise<ByteLevelBpe> {
  const { split, specialTokens } = withDefaults(options)
  const { threads = availableParallelism() } = options
  const counter = new WordCounter(split)
  let counted = 0
  let pool: CountingPool | undefined
  try {
    for await (const piece of pieces(chunks, specialTokens)) {
      if (threads > 1 && counted >= ALONE) {
        pool ??= new CountingPool(threads, split)
        await pool.add(piece)
      } else counter.add(piece)
      counted += piece.length
    }
    for (const counts of (await pool?.results()) ?? []) counter.merge(counts)
  } finally {
    pool?.close()
  }
  return bpeFromCounts(counter.result(), options)
}

/** Threads that count; each is given a piece when it has done the one before. */
class CountingPool {
  readonly #workers: { worker: Worker; answer: Promise<unknown[]> }[]
  #turn = 0

  constructor(threads: number, split: SplitName) {
    this.#workers = Array.from({ length: threads }, () => {
      const worker = new Worker(WORKER, { workerData: split })
      return { worker, answer: Promise.resolve([]) }
    })
  }

  /** Gives the piece to the next thread, when that is free. */
  async add(piece: string): Promise<void> {
    const thread = this.#workers[this.#turn++ % this.#workers.length]!
    await thread.answer
    thread.answer = ask(thread.worker, piece)
  }

  /** What all threads counted. */
  async results(): Promise<WordCounts[]> {
    return Promise.all(
      this.#workers.map(async ({ worker, answer }) => {
        await answer
        const [counts] = await ask(worker, null)
        return counts as WordCounts
      }),
    )
  }

  close(): void {
    for (const { worker } of this.#workers) void worker.terminate()
  }
}

/** Sends a message and waits for the answer; a failure of the thread is thrown. */
function ask(worker: Worker, message: string | null): Promise<unknown[]> {
  const answer = once(worker, 'message')
  worker.postMessage(message)
  // It is awaited later; until then a failure must not count as unhandled.
  answer.catch(() => undefined)
  return answer
}
