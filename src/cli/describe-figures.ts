import { formatLoss } from '../train/report/format.ts'

export interface Figures {
  loss?: number
  perplexity?: number
  bitsPerByte?: number
  lossPerDocument?: number
  /** Others, by name. */
  metrics?: Record<string, number>
}

/** What was measured of a model, in words; `name` is that of the loss. */
export const describeFigures = (
  { loss, perplexity, bitsPerByte, lossPerDocument, metrics = {} }: Figures,
  name: string,
): string[] =>
  [
    loss === undefined ? [] : `${name} ${formatLoss(loss)}`,
    perplexity === undefined ? [] : `perplexity ${perplexity.toFixed(2)}`,
    bitsPerByte === undefined ? [] : `${bitsPerByte.toFixed(3)} bits per byte`,
    lossPerDocument === undefined ? [] : `loss per document ${formatLoss(lossPerDocument)}`,
    Object.entries(metrics).map(([metric, value]) => `${wordsOf(metric)} ${value.toFixed(4)}`),
  ].flat()

/** `exactMatch` -> `exact match`. */
const wordsOf = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
