import { parentPort, workerData } from 'node:worker_threads'
import { WordCounter } from './count.ts'
import type { SplitName } from './split.ts'

/** Counts words on a thread of its own: a piece is answered with null, null with all counts. */
const counter = new WordCounter(workerData as SplitName)
parentPort?.on('message', (piece: string | null) => {
  if (piece === null) {
    parentPort?.postMessage(counter.result())
  } else {
    counter.add(piece)
    parentPort?.postMessage(null)
  }
})
