import { type Html, html, page } from '../../../evaluate/report/html.ts'
import { formatNumber, formatSigned, metricName } from '../../../evaluate/report/messages.ts'
import type { Language } from '../../../language.ts'
import type { Estimate } from '../../../metrics/estimate.ts'
import type { Gain, Matrix, MatrixCell } from '../matrix.ts'
import type { Measured } from '../measure.ts'
import type { TransferResult } from '../transfer.ts'
import { sourceName, titleOf, transferMessages } from './messages.ts'

/** The matrices of a transfer as one self-contained HTML page, without scripts. */
export function transferPage(result: TransferResult, language: Language): string {
  const words = transferMessages[language]
  const { model, seeds, targets, matrices, trained, found } = result
  const facts = [
    [words.base, model],
    [words.seeds, seeds.join(', ')],
    [words.models, String(trained + found)],
  ]
  const body = html`<h1>${words.title}</h1>
<div class="facts">${facts.map(([name, value]) => html`<span>${name} <b>${value}</b></span>`)}</div>
<section><h2>${words.tasks}</h2>${taskTable(targets, language)}</section>
${matrices.map((matrix) => matrixSection(matrix, targets, language))}
${effectsSection(matrices, language)}
<footer>${words.footer(seeds.length)}</footer>`
  return page(language, words.title, body)
}

function taskTable(targets: readonly Measured[], language: Language): Html {
  const words = transferMessages[language]
  const rows = targets.map(
    ({ name, task, metric, known }) => html`<tr><td class="value">${name}</td><td>${task}</td>
<td>${metricName(metric, language)}</td><td class="soft">${known ? words.known : ''}</td></tr>`,
  )
  return html`<table>${heads([words.task, words.kind, words.metric, ''])}${rows}</table>`
}

const heads = (names: readonly string[]): Html =>
  html`<tr>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr>`

function matrixSection(matrix: Matrix, targets: readonly Measured[], language: Language): Html {
  const words = transferMessages[language]
  const sources = [...new Set(matrix.cells.map(({ source }) => source))]
  const columns = targets.filter(({ known }) => !known)
  const rows = sources.map((source) => {
    const cells = columns.map((target) => matrixCell(matrix, source, target))
    return html`<tr><th scope="row">${sourceName(source, language)}</th>${cells}</tr>`
  })
  const names = columns.map(({ name }) => html`<th scope="col">${name}</th>`)
  return html`<section><h2>${titleOf(matrix, language)}</h2><p>${words.matrixNote}</p>
<table class="confusion"><tr><th scope="col">${words.source}</th>${names}</tr>${rows}</table>
${matrix.forgetting.length > 0 ? forgettingTable(matrix, language) : ''}</section>`
}

/** A score, colored by its rank between the worst and the best of its column. */
function matrixCell({ cells }: Matrix, source: string, { name, better }: Measured): Html {
  const column = cells.filter(({ target }) => target === name)
  const cell = column.find((one) => one.source === source)
  if (!cell) return html`<td class="soft">–</td>`
  const values = column.map(({ score }) => score.value)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const rank = high === low ? 0.5 : (cell.score.value - low) / (high - low)
  // The text on it stays readable.
  const share = 0.6 * (better === 'higher' ? rank : 1 - rank)
  return html`<td class="cell" style="--share: ${share.toFixed(3)}">
<div class="value">${formatNumber(cell.score.value)}</div>
<div class="soft">${interval(cell.score)}</div>${gains(cell)}</td>`
}

const gains = ({ overScratch, overBase }: MatrixCell): Html[] =>
  Object.entries({ S: overScratch, B: overBase }).flatMap(([name, gain]) =>
    gain ? [html`<div>${name} ${signed(gain)}</div>`] : [],
  )

/** A difference: in color where its interval leaves out 0. */
const signed = (gain: Gain): Html =>
  html`<span class="${look(gain)}" title="${interval(gain)}">${formatSigned(gain.value)}</span>`

function look({ low, high }: Gain): 'good' | 'bad' | 'soft' {
  if (low === undefined || high === undefined) return 'soft'
  if (low > 0) return 'good'
  return high < 0 ? 'bad' : 'soft'
}

const interval = ({ low, high }: Estimate): string =>
  low === undefined || high === undefined ? '' : `${formatNumber(low)} – ${formatNumber(high)}`

function forgettingTable({ forgetting }: Matrix, language: Language): Html {
  const words = transferMessages[language]
  const rows = forgetting.map(
    ({ task, after, before, now, change }) => html`<tr><td class="value">${task}</td>
<td>${after}</td><td class="number">${formatNumber(before.value)}</td>
<td class="number">${formatNumber(now.value)}</td><td class="number">${signed(change)}</td>
<td class="number soft">${interval(change)}</td></tr>`,
  )
  const names = [words.task, words.afterTask]
  const numbers = [words.before, words.now, words.change, words.interval]
  return html`<h2 class="below">${words.forgetting}</h2><p>${words.forgettingNote}</p>
<table><tr>${names.map((name) => html`<th scope="col">${name}</th>`)}${numbers.map(
    (name) => html`<th scope="col" class="number">${name}</th>`,
  )}</tr>${rows}</table>`
}

/** For each strategy, source and target: what each variant gains over the first. */
function effectsSection(matrices: readonly Matrix[], language: Language): Html | undefined {
  const words = transferMessages[language]
  const varied = matrices.filter(({ cells }) => cells.some(({ overPlain }) => overPlain))
  if (varied.length === 0) return undefined
  const rows = varied.flatMap((matrix) =>
    matrix.cells.flatMap(({ source, target, overPlain }) =>
      overPlain
        ? [
            html`<tr><td>${titleOf(matrix, language)}</td><td>${sourceName(source, language)}</td>
<td>${target}</td><td class="number">${signed(overPlain)}</td>
<td class="number soft">${interval(overPlain)}</td></tr>`,
          ]
        : [],
    ),
  )
  const names = ['', words.source, words.task]
  return html`<section><h2>${words.effects}</h2><p>${words.effectsNote}</p>
<table><tr>${names.map((name) => html`<th scope="col">${name}</th>`)}
<th scope="col" class="number">${words.change}</th>
<th scope="col" class="number">${words.interval}</th></tr>${rows}</table></section>`
}
