import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { exportModel } from '../src/deploy/export-model.ts'
import { childFile, inFolder } from './child.ts'
import { measureSides, type Side } from './decode.ts'
import {
  ENCODE_SHAPES,
  type EncodeRequest,
  type EncodeShape,
  writeRandomModel,
} from './encode-task.ts'
import { findTransformersJs, startTransformersJs } from './peers.ts'
import type { BenchOptions, Row } from './row.ts'
import { Worker } from './worker.ts'

export interface BenchEncodeOptions extends BenchOptions {
  shapes?: readonly EncodeShape[]
}

/**
 * Measures an encoder and an encoder-decoder in fp32, in tokens per second; medians of rounds. If
 * transformers.js is installed in `peers`, it takes turns with ours on the same weights, exported
 * as ONNX.
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
  for (const shape of shapes)
    await inFolder(async (folder) => {
      const { requests } = ENCODE_SHAPES[shape]
      const kind = (Object.values(requests) as EncodeRequest[])[0]?.kind as EncodeRequest['kind']
      const [model, exported] = [join(folder, 'model'), join(folder, 'onnx')]
      await writeRandomModel(model, shape)
      const start = () => Worker.start(childFile('encode'), [model, kind, String(threads)])
      const sides: Side[] = [{ name: 'ours', start }]
      if (version) {
        await exportModel({ model, format: 'onnx', out: exported })
        const name = `transformers.js ${version}`
        sides.push({ name, start: () => startTransformersJs(exported, kind, threads) })
      }
      rows.push(...(await measureSides(shape, requests, sides, { rounds, report })))
    })
  return rows
}
