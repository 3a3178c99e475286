import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { writeFile } from '../src/files/node-file.ts'
import { encodeGguf } from '../src/formats/gguf/encode.ts'
import { type DecodeRequest, randomModel, SHAPES, type ShapeName, STREAMS } from './decode-task.ts'
import { decoderGguf } from './gguf.ts'
import { findLlamaCpp, startLlamaCpp } from './llama-cpp.ts'
import { type Row, row } from './row.ts'
import { median } from './train.ts'
import { Worker } from './worker.ts'

export interface BenchDecodeOptions {
  shapes?: readonly ShapeName[]
  threads?: number
  /** Measurements of each side, in turn. */
  rounds?: number
  /** Receives progress, a line at a time. */
  report?: (line: string) => void
}

const TASKS: Readonly<Record<string, DecodeRequest>> = {
  'decode, 1 stream': { kind: 'decode', batch: 1, prompt: 64, steps: 64 },
  'decode, 1 stream, 8-bit draft': { kind: 'decode', batch: 1, prompt: 64, steps: 64, draft: 8 },
  [`decode, ${STREAMS} streams`]: { kind: 'decode', batch: STREAMS, prompt: 64, steps: 32 },
  'prompt of 256': { kind: 'prompt', length: 256 },
}

/**
 * Measures decoding and the reading of prompts in fp32, in tokens per second of all streams
 * together: medians of rounds. Where node-llama-cpp is installed in `peers`, it does the same with
 * a GGUF of the same weights in turn with ours, with one thread and with `threads`; its better
 * counts.
 */
export async function benchDecode({
  shapes = Object.keys(SHAPES) as ShapeName[],
  threads = availableParallelism(),
  rounds = 5,
  report = () => {},
}: BenchDecodeOptions = {}): Promise<Row[]> {
  const version = await findLlamaCpp()
  if (!version) report('node-llama-cpp was not found in peers: the figures are ours alone')
  const rows: Row[] = []
  for (const shape of shapes) {
    const folder = await mkdtemp(join(tmpdir(), 'chatwright-bench-'))
    const sides: Side[] = []
    try {
      sides.push(side('ours', await Worker.start(CHILD, [shape, String(threads)])))
      if (version) {
        const file = join(folder, 'model.gguf')
        const { decoder, weights } = randomModel(shape)
        await writeFile(
          file,
          encodeGguf(decoderGguf(decoder, (name) => weights[name] as Float32Array)),
        )
        for (const count of new Set([1, threads])) {
          const name = `node-llama-cpp ${version}, ${count} thread${count > 1 ? 's' : ''}`
          sides.push(side(name, await startLlamaCpp(file, count)))
        }
      }
      for (const [name, task] of Object.entries(TASKS)) {
        report(`${shape}: ${name}`)
        rows.push(await measureSides(`${shape}: ${name}`, task, { sides, rounds, report }))
      }
    } finally {
      for (const { worker } of sides) worker.stop()
      await rm(folder, { recursive: true })
    }
  }
  return rows
}

/** What is built is what runs, also when this is called from the sources. */
const CHILD = resolve('build/bench/decode-child.js')

/** One that is measured. */
export interface Side {
  name: string
  worker: Worker
}

const side = (name: string, worker: Worker): Side => ({ name, worker })

/** Milliseconds, in which the threads of the side before stop waiting actively for more. */
const SETTLE = 200

/** Asks each side in turn; ours, the first, beside the best of the others. */
export async function measureSides(
  name: string,
  task: object,
  { sides, rounds, report }: { sides: readonly Side[]; rounds: number; report(line: string): void },
): Promise<Row> {
  const rates = sides.map((): number[] => [])
  for (let round = 0; round <= rounds; round++)
    for (const [i, { worker }] of sides.entries()) {
      await setTimeout(SETTLE)
      const { rate } = await worker.ask<{ rate: number }>(task)
      // The first round warms up.
      if (round > 0) rates[i]?.push(rate)
    }
  for (const [i, { name }] of sides.entries())
    report(`  ${name}: ${rates[i]?.map((rate) => rate.toFixed(1)).join(' ')}`)
  const [ours = Number.NaN, ...peers] = rates.map(median)
  const peer = peers.length > 0 ? Math.max(...peers) : undefined
  const peerName = peer === undefined ? undefined : sides[1 + peers.indexOf(peer)]?.name
  return row({ name, ours, peer, peerName, unit: 'tokens/s', better: 'higher' })
}
