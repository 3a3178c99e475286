import { mkdtemp, rm, stat } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { exportModel } from '../src/deploy/export-model.ts'
import { writeFolder } from '../src/files/folder.ts'
import { llamaConfig } from '../src/models/decoder-config.ts'
import { trainCharTokenizer } from '../src/text/char.ts'
import { runForJson } from './child.ts'
import { randomFiles } from './encode-task.ts'
import { type Row, row } from './row.ts'
import { median } from './train.ts'

export interface BenchLoadOptions {
  /** Of the weights, in fp32. */
  gigabytes?: number
  threads?: number
  /** Processes of each kind, in turn. */
  rounds?: number
  /** Receives progress, a line at a time. */
  report?: (line: string) => void
}

/** What `load-child` tells. */
export interface LoadAnswer {
  milliseconds: number
  peakBytes: number
}

/** What is built is what runs, also when this is called from the sources. */
const CHILD = resolve('build/bench/load-child.js')

/**
 * Loads a Llama's folder, the same in bf16, and as a GGUF file, each in processes of its own: the
 * time beside that of reading the file twice, and the most memory beside the size of the weights;
 * medians of rounds. The files are in the system's cache.
 */
export async function benchLoad({
  gigabytes = 1,
  threads = availableParallelism(),
  rounds = 5,
  report = () => {},
}: BenchLoadOptions = {}): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'chatwright-bench-'))
  const [model, gguf] = [join(folder, 'model'), join(folder, 'model.gguf')]
  const bf16 = join(folder, 'model-bf16')
  try {
    report(`writing ${gigabytes} GB of weights, three times`)
    await writeModel(model, gigabytes)
    await exportModel({ model, format: 'huggingface', dtype: 'bf16', out: bf16 })
    await exportModel({ model, format: 'gguf', out: gguf })
    const files = {
      safetensors: [model, join(model, 'model.safetensors')],
      'safetensors, bf16': [bf16, join(bf16, 'model.safetensors')],
      GGUF: [gguf, gguf],
    }
    const { size } = await stat(join(model, 'model.safetensors'))
    const rows: Row[] = []
    for (const [format, [path, file]] of Object.entries(files) as [string, [string, string]][]) {
      const ask = async (what: string, target: string) =>
        (await runForJson({
          file: process.execPath,
          args: [CHILD, what, target, String(threads)],
        })) as LoadAnswer
      const [loads, reads]: [LoadAnswer[], LoadAnswer[]] = [[], []]
      for (let round = 0; round < rounds; round++) {
        reads.push(await ask('read', file))
        loads.push(await ask('load', path))
      }
      const times = (all: readonly LoadAnswer[]) => median(all.map((one) => one.milliseconds))
      report(`${format}: ${loads.map((one) => one.milliseconds.toFixed(0)).join(' ')} ms`)
      rows.push(
        row({
          name: `${format}: time`,
          unit: 'ms',
          better: 'lower',
          ours: times(loads),
          peer: times(reads),
          peerName: 'reading the file twice',
        }),
        row({
          name: `${format}: memory`,
          unit: 'MB',
          better: 'lower',
          ours: median(loads.map((one) => one.peakBytes)) / 1e6,
          peer: size / 1e6,
          peerName: 'the weights, in fp32',
        }),
      )
    }
    return rows
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A Llama about so large, as wide as one of its size would be. */
async function writeModel(folder: string, gigabytes: number): Promise<void> {
  const characters = Array.from({ length: 8000 }, (_, i) => String.fromCodePoint(0x4e00 + i))
  const tokenizer = await trainCharTokenizer([characters.join('')])
  const { vocabSize } = tokenizer
  const dim = 64 * Math.round((1024 * Math.cbrt(gigabytes)) / 64)
  // Twelve matrices as large as the width squared, about, in each layer.
  const layers = Math.max(
    1,
    Math.round((gigabytes * 2.5e8 - 2 * vocabSize * dim) / (12 * dim ** 2)),
  )
  const config = llamaConfig({ vocabSize, context: 1024, layers, dim, heads: dim / 64 })
  await writeFolder(folder, randomFiles(config, tokenizer))
}
