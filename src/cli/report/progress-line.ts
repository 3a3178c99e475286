import pc from 'picocolors'
import { displayWidth } from '../../train/report/display-width.ts'
import { formatCount, formatDuration, formatLoss } from '../../train/report/format.ts'
import { type Language, messages } from '../../train/report/messages.ts'
import type { Metrics } from '../../train/report/metrics.ts'

export interface ProgressLineOptions {
  /** Steps of the whole training. */
  total: number
  /** Seconds left, once that can be told. */
  secondsLeft?: number
  language?: Language
  /** Columns that the line may take; without a limit there is no bar. */
  width?: number
  color?: boolean
}

/** What a narrow line gives up, in this order; the step stays. */
const DISPENSABLE = ['peak', 'speed', 'bar', 'validation', 'left', 'loss'] as const
const BAR = { least: 8, most: 30 }

/** The state of a training in one line of at most `width` columns. */
export const progressLine = (
  metrics: Metrics,
  { total, secondsLeft, language = 'en', width = Infinity, color = false }: ProgressLineOptions,
): string => {
  const paint = pc.createColors(color)
  const words = messages[language]
  const { step, loss, validationLoss, tokensPerSecond, peakShare } = metrics
  const known = <T>(value: T | undefined, text: (value: T) => string) =>
    value === undefined ? '' : text(value)
  const parts = {
    bar: width === Infinity ? '' : ' '.repeat(BAR.least),
    step: `${String(step).padStart(String(total).length)}/${total}`,
    loss: known(loss, (loss) => `${words.loss} ${paint.cyan(formatLoss(loss))}`),
    validation: known(
      validationLoss,
      (loss) => `${words.validation} ${paint.yellow(formatLoss(loss))}`,
    ),
    speed: known(tokensPerSecond, (rate) => words.tokensPerSecond(formatCount(rate))),
    peak: known(peakShare, (share) => words.peakShare(`${Math.round(share * 100)}%`)),
    left: known(secondsLeft, (seconds) => words.timeLeft(formatDuration(seconds))),
  }
  const join = () =>
    Object.values(parts)
      .filter((part) => part !== '')
      .join('  ')
  for (const part of DISPENSABLE) if (displayWidth(join()) > width) parts[part] = ''
  if (parts.bar !== '') {
    const size = Math.min(BAR.most, BAR.least + width - displayWidth(join()))
    const done = Math.round(Math.min(1, step / total) * size)
    parts.bar = paint.cyan('█'.repeat(done)) + paint.dim('░'.repeat(size - done))
  }
  return join()
}
