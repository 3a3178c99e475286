import { openCorpus } from '../src/data/sources/corpus.ts'
import { peakMemory } from '../src/runtime/memory.ts'
import { trainBpeOnThreads } from '../src/text/bpe/train-on-threads.ts'
import type { TrainingFigures } from './tokenizer.ts'

interface Task {
  corpus: string[]
  vocabSize: number
  threads?: number
}

/** Trains a tokenizer for `bench tokenizer`, and prints one JSON line. */
async function main({ corpus: sources, vocabSize, threads }: Task): Promise<TrainingFigures> {
  const corpus = await openCorpus(sources, { encodingErrors: 'replace' })
  let bytes = 0
  async function* texts(): AsyncGenerator<string> {
    for await (const { text } of corpus.documents()) {
      bytes += Buffer.byteLength(text)
      yield text
    }
  }
  const start = performance.now()
  const tokenizer = await trainBpeOnThreads(texts(), {
    vocabSize,
    threads,
    specialTokens: [],
    split: 'gpt2',
  })
  const seconds = (performance.now() - start) / 1000
  return { seconds, peakMemory: peakMemory(), merges: tokenizer.vocabSize - 256, bytes }
}

console.log(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '{}'))))
