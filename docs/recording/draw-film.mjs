const CELL = { width: 8.43, height: 18 }
const MARGIN = { side: 16, top: 44, bottom: 14 }
const FASTEST = 0.2
const END = 4

const STYLE = `
text{font:14px ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d5dbe3;white-space:pre}
.title{fill:#8d97a3}
.dim{fill:#7d8894}.bold{font-weight:700}.cyan{fill:#5cd3ee}.yellow{fill:#f0c94d}.green{fill:#3fcfa3}.red{fill:#ff7b72}.blue{fill:#6ea8fe}.magenta{fill:#c89bff}
`

/** Frames of a terminal as one SVG: pictures in a row, which is moved along behind a window. */
export function drawFilm(frames, { columns, rows, title, note }) {
  const kept = thin(frames)
  const width = Math.ceil(columns * CELL.width) + 2 * MARGIN.side
  const height = rows * CELL.height + MARGIN.top + MARGIN.bottom
  const duration = kept.at(-1).seconds + END
  const ids = new Map()
  const defs = []
  const idOf = (row) => {
    const content = drawRow(row)
    if (!ids.has(content)) {
      ids.set(content, `r${ids.size}`)
      defs.push(`<text id="${ids.get(content)}">${content}</text>`)
    }
    return ids.get(content)
  }
  const pictures = kept.map(({ rows }, i) => {
    const lines = rows.flatMap((row, y) =>
      row.some(({ text }) => text.trim() !== '')
        ? [`<use href="#${idOf(row)}" y="${y * CELL.height}"/>`]
        : [],
    )
    return `<g transform="translate(${i * width} 0)">${lines.join('')}</g>`
  })
  const keys = kept.map(({ seconds }, i) => {
    const share = i === 0 ? 0 : (100 * seconds) / duration
    return `${share.toFixed(3)}%{transform:translateX(${-i * width}px)}`
  })
  const last = `100%{transform:translateX(${-(kept.length - 1) * width}px)}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}.film{animation:film ${duration.toFixed(1)}s steps(1,end) infinite}@keyframes film{${keys.join('')}${last}}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#0f1318"/>`,
    ['#ff5f57', '#febc2e', '#28c840']
      .map((color, i) => `<circle cx="${20 + i * 18}" cy="18" r="5.5" fill="${color}"/>`)
      .join(''),
    `<text class="title" x="${width / 2}" y="23" text-anchor="middle">${escapeXml(title)}</text>`,
    `<text class="title" x="${width - MARGIN.side}" y="23" text-anchor="end">${escapeXml(note)}</text>`,
    `<defs>${defs.join('')}</defs>`,
    `<clipPath id="window"><rect x="${MARGIN.side}" y="${MARGIN.top}" width="${width - 2 * MARGIN.side}" height="${rows * CELL.height}"/></clipPath>`,
    `<g clip-path="url(#window)"><g transform="translate(${MARGIN.side} ${MARGIN.top + CELL.height - 5})"><g class="film">${pictures.join('\n')}</g></g></g>`,
    '</svg>\n',
  ].join('\n')
}

/** Without frames that follow too fast, and those that are like the one before. */
function thin(frames) {
  const kept = []
  for (const frame of frames) {
    const before = kept.at(-1)
    const isLike = before && JSON.stringify(before.rows) === JSON.stringify(frame.rows)
    if (isLike) continue
    if (before && frame.seconds - before.seconds < FASTEST) {
      kept[kept.length - 1] = { ...frame, seconds: before.seconds }
    } else kept.push(frame)
  }
  return kept
}

const drawRow = (runs) =>
  runs
    .map(({ text, style }, i) => ({ text: i === runs.length - 1 ? text.trimEnd() : text, style }))
    .map(({ text, style }) =>
      style ? `<tspan class="${style}">${escapeXml(text)}</tspan>` : escapeXml(text),
    )
    .join('')

const escapeXml = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
