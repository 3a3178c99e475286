import { expect, it } from 'vitest'
import { lossSeries, type Point } from './series.ts'
import { svgCurve } from './svg-curve.ts'

/** Checks that every tag is closed by its own, and gives all tags. */
const checkXml = (svg: string): string[] => {
  const open: string[] = []
  const tags = svg.match(/<[^>]*>/g) ?? []
  for (const tag of tags) {
    if (tag.endsWith('/>')) continue
    if (tag.startsWith('</')) expect(tag).toBe(`</${open.pop()}>`)
    else open.push(/^<(\w+)/.exec(tag)?.[1] ?? '')
  }
  expect(open).toEqual([])
  return tags
}

const coordinatesOf = (path: string): [number, number][] =>
  [...path.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)])

const pathsOf = (svg: string) =>
  [...svg.matchAll(/<path class="([^"]*)" d="([^"]*)"/g)].map(([, name = '', d = '']) => ({
    name,
    points: coordinatesOf(d),
    d,
  }))

/** The height of the row whose label is `label`. */
const rowOf = (svg: string, label: string): number =>
  Number(new RegExp(`y1="([\\d.]+)" y2="[\\d.]+"/><text[^>]*>${label}</text>`).exec(svg)?.[1])

it('draws points where the axes say they are', () => {
  const points: Point[] = [
    [0, 4],
    [500, 2],
    [1000, 3],
  ]
  const svg = svgCurve([{ name: 'run', points }])
  checkXml(svg)
  const [path] = pathsOf(svg)
  expect(path?.points.map(([x]) => x)).toEqual([56, 416, 776])
  expect(path?.points.map(([, y]) => y)).toEqual(
    ['4.0', '2.0', '3.0'].map((label) => rowOf(svg, label)),
  )
  expect(svg).toContain('<text x="344" y="426" text-anchor="middle">400</text>')
  expect(svg.match(/<circle/g)?.length).toBe(3)
})

it('has a legend with each name and last value, in as many rows as it needs', () => {
  const names = ['SGD', 'Adam', 'AdamW', 'Lion', 'Muon', 'Adam, weights averaged', 'SGD, Nesterov']
  const svg = svgCurve(
    names.map((name, i) => ({
      name,
      points: [
        [1, 4],
        [2, 1 + i / 8],
      ] as Point[],
    })),
    { width: 440 },
  )
  checkXml(svg)
  names.forEach((name, i) => {
    expect(svg).toContain(`>${name} ${(1 + i / 8).toFixed(3)}</text>`)
  })
  const rows = [...svg.matchAll(/<g transform="translate\([\d.]+ (\d+)\)"><line/g)]
  expect(rows.map(([, y]) => Number(y))).toEqual([0, 0, 0, 20, 20, 40, 60])
  expect(new Set(pathsOf(svg).map(({ name }) => name)).size).toBe(7)
})

it('shows a noisy run faintly under its smoothed course, in few points', () => {
  const records = Array.from({ length: 100_000 }, (_, i) => ({
    step: i + 1,
    loss: 2 + Math.sin(i * 2.4) / 4,
  }))
  const svg = svgCurve(lossSeries(records))
  const [raw, smoothed] = pathsOf(svg)
  expect(raw?.name).toBe('line c0 raw')
  expect(smoothed?.name).toBe('line c0')
  expect(raw?.points.length).toBeLessThanOrEqual(4 * 721)
  expect(smoothed?.points.length).toBe(200)
  const heights = (points: [number, number][] = []) => {
    const ys = points.map(([, y]) => y)
    return Math.max(...ys) - Math.min(...ys)
  }
  // The lowest and the highest of all points are still there.
  expect(heights(raw?.points)).toBeCloseTo(
    Math.abs(rowOf(svg, '2.2') - rowOf(svg, '1.8')) * 1.25,
    0,
  )
  expect(heights(smoothed?.points)).toBeLessThan(heights(raw?.points) / 2)
  expect(svg).toMatch(/>training \(smoothed\) (1\.99|2\.00)\d</)
})

it('breaks the line where a value is not finite', () => {
  const points: Point[] = [
    [1, 3],
    [2, 2],
    [3, NaN],
    [4, 2],
    [5, Infinity],
    [6, 1],
  ]
  const [path] = pathsOf(svgCurve([{ name: 'a', points }]))
  expect(path?.d.replaceAll(/[\d. ]+/g, '')).toBe('MLMM')
})

it('is valid with hostile names, extreme values or nothing to show', () => {
  const name = '<script>"&\u0000\u001b'
  const svg = svgCurve(
    [
      {
        name,
        points: [
          [1, 1e30],
          [2, 1e-30],
        ],
      },
    ],
    { title: name },
  )
  const tags = checkXml(svg)
  expect(tags.filter((tag) => tag.includes('script'))).toEqual([])
  expect(svg).toContain('&lt;script&gt;"&amp;  ')
  expect(svg).not.toMatch(/NaN|Infinity/)
  checkXml(svgCurve([]))
  expect(svgCurve([])).not.toMatch(/NaN|Infinity/)
})

it('follows a dark page, and speaks Chinese', () => {
  const svg = svgCurve(lossSeries([{ step: 1, loss: 2 }], 'zh'), {
    language: 'zh',
    title: '白鲸记',
  })
  const [light = '', dark = ''] = svg.split('@media (prefers-color-scheme:dark)')
  expect(light).toContain('.page{fill:#fff}')
  expect(dark).toContain('.page{fill:#0f1318}')
  for (const text of ['白鲸记', '训练（平滑） 2.000', '损失', '步数']) {
    expect(svg).toContain(`>${text}</text>`)
  }
})
