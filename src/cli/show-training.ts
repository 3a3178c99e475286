import pc from 'picocolors'
import type { Language } from '../language.ts'
import { counted, formatCount } from '../train/report/format.ts'
import type { StartFacts, TrainEvents } from '../train/session.ts'
import { type Progress, showProgress } from './report/progress.ts'

/** Shows the events of a training on standard error. */
export function showTraining(language: Language = 'en'): {
  events: TrainEvents
  print(text: string): void
  end(): void
} {
  const output = process.stderr
  let progress: Progress | undefined
  const print = (text: string) => (progress ? progress.print(text) : output.write(`${text}\n`))
  return {
    events: {
      onStart: (facts) => {
        print(describeStart(facts))
        progress = showProgress({
          output,
          total: facts.steps,
          color: pc.isColorSupported,
          language,
        })
      },
      onMetrics: (metrics) => progress?.update(metrics),
      onMessage: print,
    },
    print,
    end: () => progress?.end(),
  }
}

const describeStart = ({ parameters, steps, resumedAt, ...facts }: StartFacts): string => {
  const { batch, context, learningRate, engine } = facts
  const from = resumedAt > 0 ? `, from step ${resumedAt} on` : ''
  return [
    `${formatCount(parameters)} parameters; ${counted(steps, 'step')} of ${batch} x ${context} ` +
      `tokens${from}; learning rate ${learningRate}`,
    engine,
  ].join('\n')
}
