import pc from 'picocolors'
import type { Language } from '../../language.ts'
import { displayWidth, formatCount, formatDuration, formatLoss } from '../../train/report/format.ts'
import { messages } from '../../train/report/messages.ts'
import type { Metrics } from '../../train/report/metrics.ts'

/** The part of a Node stream that is needed. */
export interface TextOutput {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

export interface ProgressOptions extends Pick<ProgressLineOptions, 'total' | 'language' | 'color'> {
  output: TextOutput
  /** Milliseconds between redrawn lines, and between the plain lines without a terminal. */
  redrawEvery?: number
  printEvery?: number
  /** Milliseconds on a clock that only goes forward. */
  now?: () => number
}

export interface Progress {
  /** Takes the metrics of a step; missing values keep the ones shown last. */
  update(metrics: Metrics): void
  /** Prints lines that stay, above the progress line, or below it once that is at its end. */
  print(text: string): void
  /** Leaves the last line standing. */
  end(): void
}

const CLEAR = '\r\u001b[K'

/**
 * Shows the progress of a training: on a terminal, one line that is redrawn; elsewhere (a file, a
 * pipe), a plain line from time to time, at every validation, and at the end.
 */
export const showProgress = ({
  output,
  redrawEvery = 100,
  printEvery = 10_000,
  now = () => performance.now(),
  ...line
}: ProgressOptions): Progress => {
  let known: Metrics | undefined
  let first: { step: number; time: number } | undefined
  let shown: { step: number; time: number } | undefined
  let ended = false

  const draw = (): void => {
    if (!known || !first) return
    const time = now()
    const seconds = (time - first.time) / 1000
    // The first step also compiles and allocates, so the pace excludes it.
    const pace = known.step > first.step ? seconds / (known.step - first.step) : undefined
    const secondsLeft = pace === undefined ? undefined : pace * (line.total - known.step)
    const options = { ...line, ...(secondsLeft !== undefined && { secondsLeft }) }
    if (output.isTTY) {
      // The last column stays free: some terminals wrap when it is filled.
      const width = (output.columns || 80) - 1
      output.write(CLEAR + progressLine(known, { ...options, width }))
    } else {
      output.write(`${progressLine(known, options)}\n`)
    }
    shown = { step: known.step, time }
  }

  return {
    update: (metrics) => {
      known = { ...known, ...metrics }
      first ??= { step: metrics.step, time: now() }
      const age = shown ? now() - shown.time : Infinity
      const due = age >= (output.isTTY ? redrawEvery : printEvery)
      // Elsewhere the last line waits for the validation that may follow, or for `end`.
      const isLast = metrics.step >= line.total
      const isDue = output.isTTY ? due || isLast : due && !isLast
      const isValidated = (metrics.validationReward ?? metrics.validationLoss) !== undefined
      if (isDue || isValidated) draw()
    },
    print: (text) => {
      const redraws = output.isTTY && !ended
      output.write(`${redraws ? CLEAR : ''}${text}\n`)
      if (redraws) draw()
    },
    end: () => {
      if (ended) return
      ended = true
      if (known && shown?.step !== known.step) draw()
      if (known && output.isTTY) output.write('\n')
    },
  }
}

export interface ProgressLineOptions {
  /** Steps of the whole training. */
  total: number
  /** Seconds left, once that is known. */
  secondsLeft?: number
  language?: Language
  /** Columns that the line may take; without a limit there is no bar. */
  width?: number
  color?: boolean
}

/** What a narrow line omits, in this order; the step stays. */
const DISPENSABLE = ['peak', 'speed', 'bar', 'validation', 'left', 'loss'] as const
const BAR = { least: 8, most: 30 }

/** The state of a training in one line of at most `width` columns. */
export const progressLine = (
  metrics: Metrics,
  { total, secondsLeft, language = 'en', width = Infinity, color = false }: ProgressLineOptions,
): string => {
  const paint = pc.createColors(color)
  const words = messages[language]
  const { step, loss, validationLoss, reward, validationReward, tokensPerSecond, peakShare } =
    metrics
  const known = <T>(value: T | undefined, text: (value: T) => string) =>
    value === undefined ? '' : text(value)
  const parts = {
    bar: width === Infinity ? '' : ' '.repeat(BAR.least),
    step: `${String(step).padStart(String(total).length)}/${total}`,
    // What is rewarded has a loss around 0, which says nothing.
    loss: known(
      reward ?? loss,
      (value) =>
        `${reward === undefined ? words.loss : words.reward} ${paint.cyan(formatLoss(value))}`,
    ),
    validation: known(
      validationReward ?? validationLoss,
      (value) => `${words.validation} ${paint.yellow(formatLoss(value))}`,
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
