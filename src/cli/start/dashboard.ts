import pc from 'picocolors'
import type { Language } from '../../language.ts'
import { displayWidth } from '../../train/report/format.ts'
import type { Metrics } from '../../train/report/metrics.ts'
import { lossSeries } from '../../train/report/series.ts'
import { progressLine } from '../report/progress.ts'
import { terminalCurve } from '../report/terminal-curve.ts'

const REDRAW = 250
const CURVE_ROWS = 13
const SAMPLE_ROWS = 5

/**
 * A training on the terminal, drawn over and over in one place: the loss curve, the latest sample,
 * and the progress line.
 */
export class Dashboard {
  readonly #output: NodeJS.WriteStream
  readonly #total: number
  readonly #language: Language
  readonly #history: Metrics[] = []
  readonly #started = performance.now()
  #known: Metrics | undefined
  #heading = ''
  #sample = ''
  #drawn = { rows: 0, at: 0 }

  constructor(output: NodeJS.WriteStream, total: number, language: Language) {
    this.#output = output
    this.#total = total
    this.#language = language
  }

  update(metrics: Metrics): void {
    this.#history.push(metrics)
    this.#known = { ...this.#known, ...metrics }
    if (performance.now() - this.#drawn.at >= REDRAW) this.draw()
  }

  showSample(heading: string, sample: string): void {
    this.#heading = heading
    this.#sample = sample
    this.draw()
  }

  /** Prints lines that stay, above. */
  print(text: string): void {
    this.#output.write(`${this.#back()}${text}\n`)
    this.#drawn.rows = 0
    this.draw()
  }

  draw(): void {
    const metrics = this.#known
    if (!metrics) return
    const width = Math.min(100, (this.#output.columns || 80) - 1)
    const options = { total: this.#total, language: this.#language, color: pc.isColorSupported }
    const each = (performance.now() - this.#started) / 1000 / this.#history.length
    const secondsLeft = each * (this.#total - metrics.step)
    const rows = [
      ...terminalCurve(lossSeries(this.#history, this.#language), {
        width,
        height: CURVE_ROWS,
        color: options.color,
      }).split('\n'),
      '',
      pc.dim(this.#heading),
      ...wrap(this.#sample, width, SAMPLE_ROWS),
      '',
      progressLine(metrics, { ...options, secondsLeft, width }),
    ]
    this.#output.write(`${this.#back()}${rows.join('\n')}\n`)
    this.#drawn = { rows: rows.length, at: performance.now() }
  }

  /** To where the last drawing began, and everything below it wiped. */
  #back(): string {
    const { rows } = this.#drawn
    return rows === 0 ? '' : `\u001b[${rows}A\u001b[J`
  }
}

/** Text in exactly `count` rows of at most `width` columns. */
export function wrap(text: string, width: number, count: number): string[] {
  const rows = text.split('\n').flatMap((line) => {
    const broken = ['']
    for (const character of line) {
      const last = broken.length - 1
      if (displayWidth(broken[last] + character) > width) broken.push(character)
      else broken[last] += character
    }
    return broken
  })
  return Array.from({ length: count }, (_, i) => rows[i] ?? '')
}
