import type { TrainOptions } from '../src/train/options.ts'
import { train } from '../src/train/train.ts'

/** Losses of a training, and of the same one stopped after two steps and resumed. */
export async function stoppedTraining(out: string, options: Omit<TrainOptions, 'out' | 'resume'>) {
  const losses = async (
    name: string,
    { stopAt, resume }: { stopAt?: number; resume?: boolean },
  ) => {
    const stop = new AbortController()
    const all: number[] = []
    await train(
      { ...options, out: `${out}-${name}`, resume },
      {
        signal: stop.signal,
        onMetrics: ({ loss, step }) => {
          if (loss !== undefined) all.push(loss)
          if (step === stopAt) stop.abort()
        },
      },
    )
    return all
  }
  const whole = await losses('whole', {})
  const first = await losses('resumed', { stopAt: 2 })
  const rest = await losses('resumed', { resume: true })
  return { whole, resumed: [...first, ...rest] }
}
