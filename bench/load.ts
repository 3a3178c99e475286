import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { exportModel } from '../src/deploy/export-model.ts'
import { writeFolder } from '../src/files/folder.ts'
import { llamaConfig } from '../src/models/decoder-config.ts'
import { trainCharTokenizer } from '../src/text/char.ts'
import { inFolder, runChild } from './child.ts'
import { randomFiles } from './encode-task.ts'
import { type BenchOptions, median, type Row, row } from './row.ts'

export interface BenchLoadOptions extends BenchOptions {
  /** Size of the weights in fp32. */
  gigabytes?: number
}

/** What `load-child.ts` prints. */
export interface LoadAnswer {
  milliseconds: number
  peakBytes: number
}

/**
 * Loads a Llama from safetensors in fp32 and in bf16, and from GGUF, each in processes of its own.
 * The time is compared with reading the file twice, peak memory with the size of the weights;
 * medians of rounds. The files are in the system's cache.
 */
export async function benchLoad({
  gigabytes = 1,
  threads = availableParallelism(),
  rounds = 5,
  report = () => {},
}: BenchLoadOptions = {}): Promise<Row[]> {
  return inFolder(async (folder) => {
    const [model, gguf] = [join(folder, 'model'), join(folder, 'model.gguf')]
    const bf16 = join(folder, 'model-bf16')
    report(`writing ${gigabytes} GB of weights, three times`)
    await writeModel(model, gigabytes)
    await exportModel({ model, format: 'huggingface', dtype: 'bf16', out: bf16 })
    await exportModel({ model, format: 'gguf', out: gguf })
    const files: Record<string, [path: string, file: string]> = {
      safetensors: [model, join(model, 'model.safetensors')],
      'safetensors, bf16': [bf16, join(bf16, 'model.safetensors')],
      GGUF: [gguf, gguf],
    }
    const { size } = await stat(join(model, 'model.safetensors'))
    const ask = async (what: string, target: string) =>
      (await runChild('load', [what, target, String(threads)])) as LoadAnswer
    const rows: Row[] = []
    for (const [format, [path, file]] of Object.entries(files)) {
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
  })
}

/** Writes a Llama of about this size, as wide as is usual for it. */
async function writeModel(folder: string, gigabytes: number): Promise<void> {
  const characters = Array.from({ length: 8000 }, (_, i) => String.fromCodePoint(0x4e00 + i))
  const tokenizer = await trainCharTokenizer([characters.join('')])
  const { vocabSize } = tokenizer
  const dim = 64 * Math.round((1024 * Math.cbrt(gigabytes)) / 64)
  // A layer has about 12 dim² weights.
  const layers = Math.max(
    1,
    Math.round((gigabytes * 2.5e8 - 2 * vocabSize * dim) / (12 * dim ** 2)),
  )
  const config = llamaConfig({ vocabSize, context: 1024, layers, dim, heads: dim / 64 })
  await writeFolder(folder, randomFiles(config, tokenizer))
}
