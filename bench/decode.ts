import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { writeFile } from '../src/files/node-file.ts'
import { encodeGguf } from '../src/formats/gguf/encode.ts'
import { childFile, inFolder } from './child.ts'
import { type DecodeRequest, randomModel, SHAPES, type ShapeName, STREAMS } from './decode-task.ts'
import { decoderGguf } from './gguf.ts'
import { findLlamaCpp, startLlamaCpp } from './peers.ts'
import { type BenchOptions, median, type Row, row } from './row.ts'
import { Worker } from './worker.ts'

export interface BenchDecodeOptions extends BenchOptions {
  shapes?: readonly ShapeName[]
}

const TASKS: Readonly<Record<string, DecodeRequest>> = {
  'decode, 1 stream': { kind: 'decode', batch: 1, prompt: 64, steps: 64 },
  'decode, 1 stream, 8-bit draft': { kind: 'decode', batch: 1, prompt: 64, steps: 64, draft: 8 },
  [`decode, ${STREAMS} streams`]: { kind: 'decode', batch: STREAMS, prompt: 64, steps: 32 },
  'prompt of 256': { kind: 'prompt', length: 256 },
}

/**
 * Measures decoding and prompt processing in fp32, in tokens per second of all streams together;
 * medians of rounds. If node-llama-cpp is installed in `peers`, it takes turns with ours on a GGUF
 * of the same weights, with one thread and with `threads`; its better figure counts.
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
  for (const shape of shapes)
    await inFolder(async (folder) => {
      const start = () => Worker.start(childFile('decode'), [shape, String(threads)])
      const sides: Side[] = [{ name: 'ours', start }]
      if (version) {
        const file = join(folder, 'model.gguf')
        const { decoder, weights } = randomModel(shape)
        const gguf = decoderGguf(decoder, (name) => weights[name] as Float32Array)
        await writeFile(file, encodeGguf(gguf))
        for (const count of new Set([1, threads])) {
          const name = `node-llama-cpp ${version}, ${count} thread${count > 1 ? 's' : ''}`
          sides.push({ name, start: () => startLlamaCpp(file, count) })
        }
      }
      rows.push(...(await measureSides(shape, TASKS, sides, { rounds, report })))
    })
  return rows
}

/** A program under measurement. */
export interface Side {
  name: string
  start(): Promise<Worker>
}

/** Milliseconds in which idle threads of the side before stop spinning. */
const SETTLE = 200

interface Measurement extends Required<Pick<BenchOptions, 'rounds' | 'report'>> {
  sides: readonly Side[]
  workers: readonly Worker[]
}

/** Measures each task on all sides in turn. */
export async function measureSides(
  shape: string,
  tasks: Readonly<Record<string, object>>,
  sides: readonly Side[],
  options: Pick<Measurement, 'rounds' | 'report'>,
): Promise<Row[]> {
  const rows: Row[] = []
  const workers: Worker[] = []
  try {
    for (const { start } of sides) workers.push(await start())
    for (const [task, request] of Object.entries(tasks)) {
      const name = `${shape}: ${task}`
      options.report(name)
      rows.push(await measureTask(name, request, { sides, workers, ...options }))
    }
  } finally {
    for (const worker of workers) worker.stop()
  }
  return rows
}

/** Asks each side in turn; ours, the first, is compared with the best of the others. */
async function measureTask(
  name: string,
  request: object,
  { sides, workers, rounds, report }: Measurement,
): Promise<Row> {
  const rates = sides.map((): number[] => [])
  for (let round = 0; round <= rounds; round++)
    for (const [i, worker] of workers.entries()) {
      await setTimeout(SETTLE)
      const { rate } = await worker.ask<{ rate: number }>(request)
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
