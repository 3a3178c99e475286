import { writeFile } from 'node:fs/promises'
import type { Engine } from '../src/runtime/engine.ts'
import type { OptimizerName } from '../src/train/optimizers/index.ts'
import type { Series } from '../src/train/report/series.ts'
import { svgCurve } from '../src/train/report/svg-curve.ts'
import { trainNanoGpt } from './nano-gpt.ts'

/** Found by trying; AdamW's is nanoGPT's own. */
const SETTINGS: Readonly<Record<OptimizerName, { rate: number; weightDecay: number }>> = {
  sgd: { rate: 1, weightDecay: 0 },
  momentum: { rate: 0.3, weightDecay: 0 },
  nesterov: { rate: 0.3, weightDecay: 0 },
  adam: { rate: 1e-3, weightDecay: 0 },
  adamw: { rate: 1e-3, weightDecay: 0.1 },
  lion: { rate: 1e-3, weightDecay: 0.1 },
  muon: { rate: 1e-2, weightDecay: 0.1 },
}

interface OptimizerCurvesOptions {
  text: string
  /** Path of the picture. */
  svg: string
  steps?: number
  seed?: number
  optimizers?: readonly OptimizerName[]
  report?: (line: string) => void
}

/** Trains nanoGPT's small model with every optimizer; draws all losses, returns the final ones. */
export async function drawOptimizers(
  engine: Engine,
  options: OptimizerCurvesOptions,
): Promise<Map<OptimizerName, number>> {
  const { svg, optimizers = Object.keys(SETTINGS) as OptimizerName[], report = () => {} } = options
  const series: Series[] = []
  const losses = new Map<OptimizerName, number>()
  for (const optimizer of optimizers) {
    const setting = { optimizer, ...SETTINGS[optimizer] }
    const { points, validationLoss } = await trainNanoGpt(engine, { ...options, ...setting })
    report(`${optimizer}, rate ${setting.rate}: validation loss ${validationLoss.toFixed(4)}`)
    losses.set(optimizer, validationLoss)
    series.push({ name: optimizer, points, noisy: true })
  }
  await writeFile(svg, svgCurve(series, { title: 'nanoGPT on tinyshakespeare' }))
  return losses
}
