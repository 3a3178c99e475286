import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { exportModel } from '../src/deploy/export-model.ts'
import { measureSides, type Side } from './decode.ts'
import {
  ENCODE_SHAPES,
  type EncodeRequest,
  type EncodeShape,
  writeRandomModel,
} from './encode-task.ts'
import type { Row } from './row.ts'
import { findTransformersJs, startTransformersJs } from './transformers-js.ts'
import { Worker } from './worker.ts'

export interface BenchEncodeOptions {
  shapes?: readonly EncodeShape[]
  threads?: number
  /** Measurements of each side, in turn. */
  rounds?: number
  /** Receives progress, a line at a time. */
  report?: (line: string) => void
}

/** What is built is what runs, also when this is called from the sources. */
const CHILD = resolve('build/bench/encode-child.js')

/**
 * Measures an encoder that reads texts and an encoder-decoder that writes one, in fp32, in tokens
 * per second: medians of rounds. Where transformers.js is installed in `peers`, it does the same
 * with the same weights, exported as ONNX, in turn with ours.
 */
export async function benchEncode({
  shapes = Object.keys(ENCODE_SHAPES) as EncodeShape[],
  threads = availableParallelism(),
  rounds = 5,
  report = () => {},
}: BenchEncodeOptions = {}): Promise<Row[]> {
  const version = await findTransformersJs()
  if (!version) report('transformers.js was not found in peers: the figures are ours alone')
  const rows: Row[] = []
  for (const shape of shapes) {
    const requests = Object.entries<EncodeRequest>(ENCODE_SHAPES[shape].requests)
    const kind = requests[0]?.[1].kind as EncodeRequest['kind']
    const folder = await mkdtemp(join(tmpdir(), 'chatwright-bench-'))
    const sides: Side[] = []
    try {
      const [model, exported] = [join(folder, 'model'), join(folder, 'onnx')]
      await writeRandomModel(model, shape)
      const ours = await Worker.start(CHILD, [model, kind, String(threads)])
      sides.push({ name: 'ours', worker: ours })
      if (version) {
        await exportModel({ model, format: 'onnx', out: exported })
        const worker = await startTransformersJs(exported, kind, threads)
        sides.push({ name: `transformers.js ${version}`, worker })
      }
      for (const [what, request] of requests) {
        const name = `${shape}: ${what}`
        report(name)
        rows.push(await measureSides(name, request, { sides, rounds, report }))
      }
    } finally {
      for (const { worker } of sides) worker.stop()
      await rm(folder, { recursive: true })
    }
  }
  return rows
}
