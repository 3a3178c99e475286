import type { CalibrationBin } from '../../metrics/calibration.ts'
import type { Estimate } from '../../metrics/estimate.ts'
import { Html, html } from './html.ts'

/** The interval of a number on a line from 0 to `most`. */
export function intervalBar({ value, low = value, high = value }: Estimate, most: number): Html {
  const x = (one: number) => (4 + 132 * Math.min(1, Math.max(0, one / most))).toFixed(1)
  const width = Math.max(2, (132 * (high - low)) / most).toFixed(1)
  return html`<svg width="140" height="20" role="img" aria-label="${low} ${value} ${high}">
<line x1="4" x2="136" y1="10" y2="10" stroke="var(--line)" stroke-width="2"/>
<rect x="${x(low)}" y="6" width="${width}" height="8" rx="3" fill="var(--mark)"/>
<circle cx="${x(value)}" cy="10" r="4" fill="var(--main)"/></svg>`
}

const SIZE = 320
const [LEFT, TOP] = [44, 12]

/** How often predictions are right by their confidence (Niculescu-Mizil & Caruana 2005). */
export function calibrationDiagram(
  bins: readonly CalibrationBin[],
  { confidence, accuracy }: { confidence: string; accuracy: string },
): Html {
  const width = SIZE / bins.length
  const most = Math.max(1, ...bins.map(({ count }) => count))
  const y = (share: number) => TOP + SIZE * (1 - share)
  const bars = bins.flatMap((bin, i) => {
    if (bin.count === 0) return []
    const left = LEFT + i * width
    const opacity = (0.35 + (0.65 * bin.count) / most).toFixed(2)
    return html`<rect x="${(left + 1).toFixed(1)}" y="${y(bin.accuracy).toFixed(1)}"
 width="${(width - 2).toFixed(1)}" height="${(SIZE * bin.accuracy).toFixed(1)}" rx="2"
 fill="var(--main)" fill-opacity="${opacity}"/>
<line x1="${(left + 1).toFixed(1)}" x2="${(left + width - 1).toFixed(1)}"
 y1="${y(bin.confidence).toFixed(1)}" y2="${y(bin.confidence).toFixed(1)}"
 stroke="var(--bad)" stroke-width="2"/>
<text x="${(left + width / 2).toFixed(1)}" y="${(y(bin.accuracy) - 4).toFixed(1)}"
 text-anchor="middle" style="font-size: 10px">${bin.count}</text>`
  })
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (tick) => html`<line x1="${LEFT}" x2="${LEFT + SIZE}" y1="${y(tick)}" y2="${y(tick)}"
 stroke="var(--line)"/>
<text x="${LEFT - 6}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>
<text x="${LEFT + SIZE * tick}" y="${TOP + SIZE + 18}" text-anchor="middle">${tick}</text>`,
  )
  const [right, bottom] = [LEFT + SIZE, TOP + SIZE]
  return html`<svg width="${right + 16}" height="${bottom + 44}" role="img"
 viewBox="0 0 ${right + 16} ${bottom + 44}" aria-label="${confidence} / ${accuracy}">
${ticks}
<line x1="${LEFT}" y1="${bottom}" x2="${right}" y2="${TOP}" stroke="var(--soft)"
 stroke-dasharray="4 4"/>
${bars}
<text x="${LEFT + SIZE / 2}" y="${bottom + 38}" text-anchor="middle">${confidence}</text>
<text transform="translate(12 ${TOP + SIZE / 2}) rotate(-90)"
 text-anchor="middle">${accuracy}</text>
</svg>`
}

/** A table of counts, darker where they are a larger share of their row. */
export function confusionTable(
  labels: readonly string[],
  counts: readonly (readonly number[])[],
): Html {
  const rows = counts.map((row, i) => {
    const all = row.reduce((a, b) => a + b, 0)
    const cells = row.map((count) => {
      const share = all === 0 ? 0 : count / all
      return html`<td class="cell" style="--share: ${share.toFixed(3)}">${count || '·'}</td>`
    })
    return html`<tr><th scope="row">${labels[i]}</th>${cells}</tr>`
  })
  const heads = labels.map((label) => html`<th scope="col">${label}</th>`)
  return html`<table class="confusion"><tr><th>${new Html('')}</th>${heads}</tr>${rows}</table>`
}
