import { join } from 'node:path'
import { replaceFile } from '../files/write-aside.ts'
import { type Metrics, openMetrics } from './report/metrics.ts'
import { lossSeries } from './report/series.ts'
import { svgCurve } from './report/svg-curve.ts'
import { openEvents } from './report/tensorboard.ts'

/** Writes the records of a training: `metrics.jsonl`, TensorBoard events, the loss curve. */
export interface Recorder {
  /** All records, including those of earlier runs. */
  readonly history: readonly Metrics[]
  write(metrics: Metrics): void
  /** Writes all to the disk, and redraws `loss.svg`. */
  flush(): Promise<void>
  close(): void
}

/** Opens the records of folder `out`, anew or to continue after step `resumeAt`. */
export async function openRecorder(out: string, resumeAt: number): Promise<Recorder> {
  const metrics = await openMetrics(join(out, 'metrics.jsonl'), { resumeAt })
  const events = openEvents(join(out, 'tensorboard'), { resumeAt })
  const history = [...metrics.history]
  return {
    history,
    write: (record) => {
      history.push(record)
      metrics.write(record)
      events.write(record)
    },
    flush: async () => {
      metrics.sync()
      const curve = svgCurve(lossSeries(history), { title: 'Loss' })
      await replaceFile(join(out, 'loss.svg'), curve)
    },
    close: () => {
      metrics.close()
      events.close()
    },
  }
}
