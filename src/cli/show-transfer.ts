import type { TransferEvents, TransferProgress } from '../hub/options.ts'
import { formatDuration } from '../train/report/format.ts'
import { formatBytes } from './format.ts'
import type { TextOutput } from './report/progress.ts'

const CLEAR = '\r\u001b[K'

interface ShowTransferOptions {
  output?: TextOutput
  /** Milliseconds on a clock that only goes forward. */
  now?: () => number
}

/**
 * Shows the progress of a transfer: on a terminal, one line that is redrawn; elsewhere, one every
 * ten seconds. `end` clears the line.
 */
export function showTransfer({
  output = process.stderr,
  now = () => performance.now(),
}: ShowTransferOptions = {}): { events: TransferEvents; end(): void } {
  const interval = output.isTTY ? 100 : 10_000
  let first: { time: number; done: number } | undefined
  let drawn = Number.NEGATIVE_INFINITY
  return {
    events: {
      onProgress: (progress) => {
        const time = now()
        // Without a terminal, a short transfer prints nothing.
        if (!first && !output.isTTY) drawn = time
        first ??= { time, done: progress.done }
        if (time - drawn < interval) return
        drawn = time
        const pace = (progress.done - first.done) / ((time - first.time) / 1000)
        const width = output.isTTY ? (output.columns || 80) - 1 : Infinity
        const line = transferLine(progress, pace, width)
        output.write(output.isTTY ? CLEAR + line : `${line}\n`)
      },
      onMessage: (text) => output.write(`${output.isTTY ? CLEAR : ''}${text}\n`),
    },
    end: () => {
      if (output.isTTY && first) output.write(CLEAR)
    },
  }
}

/** The state of a transfer in one line; `pace` is in bytes per second, if it is known. */
export function transferLine(
  { file, done, total }: TransferProgress,
  pace: number,
  width: number,
): string {
  const share = total > 0 ? Math.floor((100 * done) / total) : 100
  const parts = [`${formatBytes(done)} of ${formatBytes(total)}`, `${share}%`]
  if (pace > 0 && Number.isFinite(pace)) {
    parts.push(
      `${formatBytes(Math.round(pace))}/s`,
      `${formatDuration((total - done) / pace)} left`,
    )
  }
  while (parts.length > 1 && parts.join('  ').length > width) parts.pop()
  const line = parts.join('  ')
  // A name that is too long is cut at its start: the end says more.
  const room = width - line.length - 2
  if (file.length <= room) return `${file}  ${line}`
  return room < 8 ? line : `…${file.slice(1 - room)}  ${line}`
}
