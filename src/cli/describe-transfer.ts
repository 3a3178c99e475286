import { formatNumber, formatSigned } from '../evaluate/report/messages.ts'
import type { Language } from '../language.ts'
import type { Estimate } from '../metrics/estimate.ts'
import { sourceName, titleOf, transferMessages } from '../tune/transfer/report/messages.ts'
import type { TransferResult } from '../tune/transfer/transfer.ts'
import { formatTable } from './format.ts'

/** A table for each matrix, and one of what was forgotten. */
export function describeTransfer({ matrices, out }: TransferResult, language: Language): string {
  const words = transferMessages[language]
  const tables = matrices.map((matrix) => {
    const rows = matrix.cells.map(({ source, target, score, overScratch, overBase }) => [
      sourceName(source, language),
      target,
      formatNumber(score.value),
      bounds(score),
      gain(overScratch),
      gain(overBase),
    ])
    const head = [words.source, words.task, words.score, words.interval]
    const cells = formatTable([[...head, words.overScratch, words.overBase], ...rows], [2, 4, 5])
    return `${titleOf(matrix, language)}\n${cells}`
  })
  const forgotten = matrices.flatMap((matrix) =>
    matrix.forgetting.map(({ task, after, before, now, change }) => [
      titleOf(matrix, language),
      task,
      after,
      formatNumber(before.value),
      formatNumber(now.value),
      gain(change),
    ]),
  )
  const head = ['', words.task, words.afterTask, words.before, words.now, words.change]
  const below =
    forgotten.length > 0
      ? [`${words.forgetting}\n${formatTable([head, ...forgotten], [3, 4, 5])}`]
      : []
  return [...tables, ...below, words.written(out)].join('\n\n')
}

const bounds = ({ low, high }: Estimate): string =>
  low === undefined || high === undefined ? '' : `${formatNumber(low)} – ${formatNumber(high)}`

/** With a star where the interval leaves out 0. */
const gain = (one: Estimate | undefined): string => {
  if (!one) return ''
  const { value, low, high } = one
  const isClear = low !== undefined && high !== undefined && (low > 0 || high < 0)
  return `${formatSigned(value)}${isClear ? '*' : ' '}`
}
