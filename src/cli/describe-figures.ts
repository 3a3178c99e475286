import { formatLoss } from '../train/report/format.ts'

export interface Figures {
  loss?: number
  perplexity?: number
  bitsPerByte?: number
  lossPerDocument?: number
  /** Others, by name. */
  metrics?: Record<string, number>
  /** Of some of them: 95 % confidence intervals. */
  intervals?: Readonly<Record<string, readonly [low: number, high: number]>>
}

/** What was measured of a model, in words; `name` is that of the loss. */
export const describeFigures = (
  { loss, perplexity, bitsPerByte, lossPerDocument, metrics = {}, intervals = {} }: Figures,
  name: string,
): string[] =>
  [
    loss === undefined ? [] : `${name} ${formatLoss(loss)}`,
    perplexity === undefined ? [] : `perplexity ${perplexity.toFixed(2)}`,
    bitsPerByte === undefined ? [] : `${bitsPerByte.toFixed(3)} bits per byte`,
    lossPerDocument === undefined ? [] : `loss per document ${formatLoss(lossPerDocument)}`,
    Object.entries(metrics).map(
      ([metric, value]) => `${wordsOf(metric)} ${value.toFixed(4)}${intervalOf(intervals[metric])}`,
    ),
  ].flat()

const intervalOf = (interval: readonly [low: number, high: number] | undefined): string =>
  interval ? ` (${interval.map((bound) => bound.toFixed(4)).join(' to ')})` : ''

/** `exactMatch` -> `exact match`. */
const wordsOf = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
