import { counted, formatCount, formatDuration } from '../train/report/format.ts'
import type { TrainEvents, TrainResult } from '../train/session.ts'
import type { Outcome } from './command.ts'
import { describeFigures } from './describe-figures.ts'
import { interruptibleTraining } from './interrupt.ts'
import { quote } from './quote.ts'
import { showTraining } from './show-training.ts'

/** Trains with progress on standard error; Ctrl-C saves and says how to resume. */
export async function trainInTerminal(
  train: (events: TrainEvents) => Promise<TrainResult>,
): Promise<Outcome> {
  const { events, print, end } = showTraining()
  let sample = ''
  const onSample = (text: string) => {
    sample = text
  }
  const run = (given: TrainEvents) => {
    given.signal?.addEventListener('abort', () =>
      print('Stopping and saving; press Ctrl-C again to quit at once.'),
    )
    return train(given)
  }
  const { result, exitCode } = await interruptibleTraining(run, { ...events, onSample }).finally(
    end,
  )
  if (sample !== '') print(`What it writes:\n${sample}\n`)
  if (result.ended === 'aborted') {
    const command = ['chatwright', ...process.argv.slice(2).filter((word) => word !== '--resume')]
    console.error(`Stopped and saved at step ${result.steps}. To resume:`)
    console.error(`  ${[...command, '--resume'].map(quote).join(' ')}`)
  }
  return { result, text: describeResult(result), exitCode: exitCode ?? 0 }
}

const describeResult = (result: TrainResult): string => {
  const { out, steps, bestStep, final, seconds, tokensPerSecond } = result
  const measures = describeFigures(result, 'validation loss')
  const [last = ''] = final ? describeFigures(final, 'validation loss') : []
  const apart = bestStep < steps ? ` at step ${bestStep}, the best; ${last} at the last step` : ''
  const measured = measures.length > 0 ? `${measures.join(', ')}${apart}; ` : ''
  return (
    `${measured}${counted(steps, 'step')} ` +
    `in ${formatDuration(seconds)}, ${formatCount(tokensPerSecond)} tokens per second; in ${out}`
  )
}
