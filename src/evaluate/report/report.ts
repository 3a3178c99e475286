import { join } from 'node:path'
import { replaceFile } from '../../files/write-aside.ts'
import type { Language } from '../../language.ts'
import type { Estimate } from '../../metrics/estimate.ts'
import type { Item } from '../../metrics/item.ts'
import { metricsOf } from '../../metrics/measures/index.ts'
import { type Comparison, verdictOf } from '../compare.ts'
import type { EvaluationRun } from '../run.ts'
import { changedItems, sampleItems, textOf, worstItems, wrongness } from './choose-items.ts'
import { calibrationDiagram, confusionTable, intervalBar } from './diagrams.ts'
import { type Html, html, page } from './html.ts'
import { evaluationMessages, formatNumber, formatP, formatSigned, metricName } from './messages.ts'

export interface Report {
  run: EvaluationRun
  /** The evaluation that it is compared with. */
  before?: EvaluationRun | undefined
  comparison?: Comparison | undefined
  language: Language
}

/** Items that each table of them shows. */
const [WORST, SAMPLES, CHANGED] = [20, 10, 20]
/** Labels of the largest confusion matrix, and characters of the longest text that is shown. */
const [LABELS, CHARACTERS] = [40, 600]

/** Writes `report.html` and, where there is a comparison, `comparison.json`. Throws UserError. */
export async function writeReport(folder: string, report: Report): Promise<void> {
  const { comparison } = report
  if (comparison)
    await replaceFile(join(folder, 'comparison.json'), `${JSON.stringify(comparison, null, 2)}\n`)
  await replaceFile(join(folder, 'report.html'), reportPage(report))
}

/** An evaluation as one self-contained HTML page, without scripts. */
export function reportPage({ run, before, comparison, language }: Report): string {
  const words = evaluationMessages[language]
  const { classes, confusion, calibration, items } = run
  const answered = items.filter(({ predicted }) => predicted !== undefined)
  const sections = [
    section(words.metrics, metricTable(run, language)),
    comparison && section(words.changes(comparison.first), changeTable(comparison, language)),
    classes && section(words.classes, classTable(classes, language)),
    confusion && confusion.labels.length <= LABELS
      ? section(
          words.confusion,
          html`<p>${words.confusionNote}</p>${confusionTable(confusion.labels, confusion.counts)}`,
        )
      : undefined,
    calibration &&
      section(
        words.calibration,
        html`<p>${words.calibrationNote}</p>${calibrationDiagram(calibration, words)}`,
      ),
    section(
      answered.length > 0 ? words.worst : words.highest,
      itemTable(worstItems(items, WORST), language),
    ),
    before && section(words.changed, changedTable(before.items, items, language)),
    section(words.samples, itemTable(sampleItems(answered, SAMPLES), language)),
  ]
  const title = words.title(run.name)
  const body = html`<h1>${title}</h1>
${facts(run, language)}
${sections}
<footer>${words.footer('95 %')}</footer>`
  return page(language, title, body)
}

const section = (title: string, content: Html | undefined): Html | undefined =>
  content && html`<section><h2>${title}</h2>${content}</section>`

function facts({ model, settings, seconds, items }: EvaluationRun, language: Language): Html {
  const words = evaluationMessages[language]
  const { data, ...others } = settings
  const shown = Object.entries(others).filter(
    ([, value]) => value !== undefined && String(value) !== '',
  )
  const all = [
    [words.model, model],
    [words.data, [data ?? []].flat().join(', ')],
    [words.items, items.length.toLocaleString(language)],
    [words.seconds, seconds.toFixed(1)],
    ...shown.map(([name, value]) => [name, String(value)] as const),
  ] as const
  const rows = all.filter(([, value]) => value !== '')
  return html`<div class="facts">${rows.map(
    ([name, value]) => html`<span>${name} <b>${value}</b></span>`,
  )}</div>`
}

const heads = (names: readonly string[], numbers: readonly number[] = []): Html =>
  html`<tr>${names.map((name, i) =>
    numbers.includes(i) ? html`<th class="number">${name}</th>` : html`<th>${name}</th>`,
  )}</tr>`

const interval = ({
  low,
  high,
}: {
  low?: number | undefined
  high?: number | undefined
}): string =>
  low === undefined || high === undefined ? '' : `${formatNumber(low)} – ${formatNumber(high)}`

const isWithin = ({ value, low = value, high = value }: Estimate, most: number): boolean =>
  low >= 0 && high <= most

function metricTable({ metrics, measures }: EvaluationRun, language: Language): Html {
  const words = evaluationMessages[language]
  const all = metricsOf(measures)
  const names = Object.keys({ ...all, ...metrics })
  const rows = names.map((name) => {
    const found = metrics[name]
    const value = found ? formatNumber(found.value) : words.undefined
    const { better, most = 1 } = all[name] ?? {}
    const bar = found && better === 'higher' && isWithin(found, most)
    return html`<tr><td>${metricName(name, language)}</td><td class="number value">${value}</td>
<td class="number soft">${found && interval(found)}</td>
<td>${bar ? intervalBar(found, most) : ''}</td></tr>`
  })
  const titles = [words.metric, words.value, words.interval, '']
  return html`<table>${heads(titles, [1, 2])}${rows}</table>`
}

function changeTable({ metrics }: Comparison, language: Language): Html {
  const words = evaluationMessages[language]
  const rows = Object.entries(metrics).map(([name, compared]) => {
    const { first, second, difference } = compared
    const verdict = verdictOf(compared)
    const look = { better: 'good', worse: 'bad', same: 'soft', undefined: 'soft' }[verdict]
    return html`<tr><td>${metricName(name, language)}</td>
<td class="number soft">${formatNumber(first.value)}</td>
<td class="number value">${formatNumber(second.value)}</td>
<td class="number ${look}">${formatSigned(difference.value)}</td>
<td class="number soft">${interval(difference)}</td>
<td class="number soft">${formatP(difference.p)}</td>
<td class="${look}">${words[verdict]}</td></tr>`
  })
  const titles = [words.metric, words.baseline, words.value, words.difference, words.interval]
  return html`<table>${heads([...titles, words.p, ''], [1, 2, 3, 4, 5])}${rows}</table>`
}

function classTable(classes: NonNullable<EvaluationRun['classes']>, language: Language): Html {
  const words = evaluationMessages[language]
  const cell = (estimate: Estimate | undefined) =>
    html`<td class="number">${estimate ? formatNumber(estimate.value) : '–'}
<div class="soft">${estimate && interval(estimate)}</div></td>`
  const rows = classes.map(
    ({ label, count, precision, recall, f1 }) =>
      html`<tr><td>${label}</td><td class="number">${count}</td>
${cell(precision)}${cell(recall)}${cell(f1)}</tr>`,
  )
  const titles = [words.label, words.count, words.precision, words.recall, words.f1]
  return html`<table>${heads(titles, [1, 2, 3, 4])}${rows}</table>`
}

const short = (text: string): string => {
  const characters = [...text]
  return characters.length > CHARACTERS ? `${characters.slice(0, CHARACTERS).join('')}…` : text
}

/** The probability of an answer behind it, where it is known. */
const answerOf = (item: Item, answer: Item['predicted']): string => {
  const probability = item.probabilities?.[textOf(answer)]
  const text = short(textOf(answer))
  return probability === undefined ? text : `${text} (${probability.toFixed(3)})`
}

function itemTable(items: readonly Item[], language: Language): Html | undefined {
  if (items.length === 0) return undefined
  const words = evaluationMessages[language]
  const areAnswered = items.some(({ predicted }) => predicted !== undefined)
  const rows = items.map((item) => {
    const look = wrongness(item) === 0 ? 'good' : 'bad'
    const others = areAnswered
      ? html`<td class="text">${answerOf(item, item.expected)}</td>
<td class="text ${look}">${item.predicted === undefined ? '' : answerOf(item, item.predicted)}</td>`
      : html`<td class="number">${formatNumber(wrongness(item) ?? 0)}</td>`
    return html`<tr><td class="soft">${item.id}</td>
<td class="text">${short(item.input ?? '')}</td>${others}</tr>`
  })
  const titles = areAnswered
    ? ['', words.input, words.expected, words.predicted]
    : ['', words.input, words.loss]
  return html`<table>${heads(titles, areAnswered ? [] : [2])}${rows}</table>`
}

function changedTable(
  before: readonly Item[],
  after: readonly Item[],
  language: Language,
): Html | undefined {
  const pairs = changedItems(before, after, CHANGED)
  if (pairs.length === 0) return undefined
  const words = evaluationMessages[language]
  const look = (item: Item) => (wrongness(item) === 0 ? 'good' : 'bad')
  const rows = pairs.map(
    ({ before: old, after: item }) => html`<tr><td class="soft">${item.id}</td>
<td class="text">${short(item.input ?? '')}</td>
<td class="text">${short(textOf(item.expected))}</td>
<td class="text ${look(old)}">${answerOf(old, old.predicted)}</td>
<td class="text ${look(item)}">${answerOf(item, item.predicted)}</td></tr>`,
  )
  const titles = ['', words.input, words.expected, words.before, words.predicted]
  return html`<table>${heads(titles)}${rows}</table>`
}
