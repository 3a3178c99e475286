import type { Language } from '../../language.ts'
import { displayWidth, formatLoss } from './format.ts'
import { messages } from './messages.ts'
import {
  formatTicks,
  type Point,
  type Range,
  rangesOf,
  roundTicks,
  type Series,
  smooth,
} from './series.ts'

export interface SvgCurveOptions {
  title?: string
  language?: Language
  /** Pixels. */
  width?: number
  height?: number
}

/** Line colors on a light and on a dark page; distinct for color-blind readers too. */
const COLORS: readonly (readonly [light: string, dark: string])[] = [
  ['#2563eb', '#6ea8fe'],
  ['#d9480f', '#ff9d5c'],
  ['#0b8a6a', '#3fcfa3'],
  ['#9333ea', '#c89bff'],
  ['#b58900', '#f0c94d'],
  ['#c2255c', '#ff8ab5'],
  ['#0e7490', '#5cd3ee'],
  ['#57606a', '#adb7c2'],
]
const MARGIN = { left: 56, right: 24, bottom: 44 }
const FONT = 13
const FAMILY = 'system-ui,-apple-system,"Segoe UI","Noto Sans","Noto Sans CJK SC",sans-serif'

/**
 * Loss against steps as an SVG picture, one line for each series, with a legend that gives each
 * line's last value. Follows the page's light or dark theme; needs nothing but itself.
 */
export const svgCurve = (
  series: readonly Series[],
  { title, language = 'en', width = 800, height = 450 }: SvgCurveOptions = {},
): string => {
  const words = messages[language]
  const header = title ? 34 : 12
  const legend = layLegend(series, language, width - MARGIN.left - MARGIN.right)
  const top = header + legend.height + 22
  const [left, right, bottom] = [MARGIN.left, width - MARGIN.right, height - MARGIN.bottom]
  const ranges = rangesOf(series)
  const x = scale(ranges.steps, [left, right])
  const y = scale(ranges.values, [bottom, top])
  const parts = [
    `<rect class="page" width="${width}" height="${height}" rx="8"/>`,
    title ? `<text class="title" x="${left}" y="28">${escapeXml(title)}</text>` : '',
    `<g transform="translate(${left} ${header})">${legend.svg}</g>`,
    ...axes(ranges, x, y, { left, right, top, bottom }),
    `<text class="label" x="${left - 8}" y="${top - 10}" text-anchor="end">${words.loss}</text>`,
    `<text class="label" x="${right}" y="${height - 8}" text-anchor="end">${words.step}</text>`,
    // A picture within the picture cuts off what runs over; a little room is left for dots.
    `<svg aria-hidden="true" x="${left - 4}" y="${top}" width="${right - left + 8}" ` +
      `height="${bottom - top}" viewBox="${left - 4} ${top} ${right - left + 8} ${bottom - top}">`,
    ...series.map(({ points, noisy }, i) => line(points, noisy, `c${i % COLORS.length}`, x, y)),
    '</svg>',
  ]
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ' +
      `${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title ?? words.loss)}</title>`,
    `<style>${STYLE}</style>`,
    ...parts.filter((part) => part !== ''),
    '</svg>\n',
  ].join('\n')
}

const colorRules = (theme: 0 | 1): string =>
  COLORS.map((pair, i) => `.c${i}{stroke:${pair[theme]}}.d${i}{fill:${pair[theme]}}`).join('')

const STYLE = `
text{font:${FONT}px ${FAMILY};fill:#3d4550}
.title{font-size:17px;font-weight:600;fill:#14181d}
.label{fill:#6b7480}
.page{fill:#fff}
.grid{stroke:#e6e9ed}
.axis{stroke:#aab2bb}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.raw{stroke-width:1;opacity:.28}
${colorRules(0)}
@media (prefers-color-scheme:dark){
text{fill:#c3cad3}.title{fill:#f0f3f6}.label{fill:#8d97a3}
.page{fill:#0f1318}.grid{stroke:#242a32}.axis{stroke:#58616c}
${colorRules(1)}
}
`

type Scale = (value: number) => number

const scale =
  ([low, high]: Range, [from, to]: Range): Scale =>
  (value) =>
    from + ((value - low) / (high - low)) * (to - from)

/** A coordinate, to a tenth of a pixel; one far outside the picture is cut. */
const at = (value: number): string =>
  String(Math.round(Math.min(Math.max(value, -9999), 9999) * 10) / 10)

const axes = (
  { steps, values }: { steps: Range; values: Range },
  x: Scale,
  y: Scale,
  box: { left: number; right: number; top: number; bottom: number },
): string[] => {
  const rows = roundTicks(...values, Math.max(2, Math.round((box.bottom - box.top) / 55)))
  const columns = roundTicks(...steps, Math.max(2, Math.round((box.right - box.left) / 90)))
  const rowLabels = formatTicks(rows)
  const columnLabels = formatTicks(columns)
  return [
    ...rows.map(
      (tick, i) =>
        `<line class="grid" x1="${box.left}" x2="${box.right}" y1="${at(y(tick))}" ` +
        `y2="${at(y(tick))}"/><text x="${box.left - 8}" y="${at(y(tick) + 4.5)}" ` +
        `text-anchor="end">${rowLabels[i]}</text>`,
    ),
    `<line class="axis" x1="${box.left}" x2="${box.right}" y1="${box.bottom}" y2="${box.bottom}"/>`,
    ...columns.map(
      (tick, i) =>
        `<line class="axis" x1="${at(x(tick))}" x2="${at(x(tick))}" y1="${box.bottom}" ` +
        `y2="${box.bottom + 5}"/><text x="${at(x(tick))}" y="${box.bottom + 20}" ` +
        `text-anchor="middle">${columnLabels[i]}</text>`,
    ),
  ]
}

const line = (
  points: readonly Point[],
  noisy: boolean | undefined,
  color: string,
  x: Scale,
  y: Scale,
): string => {
  const path = (class_: string, points: readonly Point[]) =>
    '<path ' +
    `class="line ${class_}" d="${pathOf(points.map(([step, value]) => [x(step), y(value)]))}"/>`
  if (noisy) return path(`${color} raw`, points) + path(color, smooth(points))
  if (points.length > 40) return path(color, points)
  // Few points were measured one by one: show where.
  const dots = points
    .filter(([, value]) => Number.isFinite(value))
    .map(([step, value]) => `<circle cx="${at(x(step))}" cy="${at(y(value))}" r="3"/>`)
  return `${path(color, points)}<g class="${color.replace('c', 'd')}">${dots.join('')}</g>`
}

/**
 * Path data through points in pixels. Of all points within one column of pixels only the first, the
 * lowest, the highest and the last are kept, which look the same.
 */
const pathOf = (points: readonly Point[]): string => {
  const columns: Point[][] = []
  for (const point of points) {
    const column = columns.at(-1)
    const previous = column?.at(-1)
    const together = previous && Math.floor(previous[0]) === Math.floor(point[0])
    if (column && together && Number.isFinite(previous[1] + point[1])) column.push(point)
    else columns.push([point])
  }
  let pen = 'M'
  let path = ''
  for (const point of columns.flatMap(extremes)) {
    if (Number.isFinite(point[1])) path += `${pen}${at(point[0])} ${at(point[1])}`
    pen = Number.isFinite(point[1]) ? 'L' : 'M'
  }
  return path
}

const extremes = (column: readonly Point[]): Point[] => {
  if (column.length <= 4) return [...column]
  const byHeight = [...column].sort((a, b) => a[1] - b[1])
  const kept = new Set([column[0], byHeight[0], byHeight.at(-1), column.at(-1)])
  return column.filter((point) => kept.has(point))
}

const layLegend = (series: readonly Series[], language: Language, width: number) => {
  const gap = 22
  let [x, row] = [0, 0]
  const entries = series.map(({ name, points, noisy }, i) => {
    const last = (noisy ? smooth(points) : points).at(-1)?.[1] ?? NaN
    const label = `${noisy ? messages[language].smoothed(name) : name} ${formatLoss(last)}`
    const size = 26 + displayWidth(label) * FONT * 0.56
    if (x > 0 && x + size > width) [x, row] = [0, row + 1]
    const color = `c${i % COLORS.length}`
    const entry =
      `<g transform="translate(${at(x)} ${row * 20})"><line class="line ${color}" x1="0" x2="18" ` +
      `y1="9.5" y2="9.5"/><text x="25" y="14">${escapeXml(label)}</text></g>`
    x += size + gap
    return entry
  })
  return { svg: entries.join(''), height: series.length > 0 ? (row + 1) * 20 : 0 }
}

const escapeXml = (text: string): string =>
  text
    // XML has no control characters, not even escaped.
    .replace(/\p{Cc}/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
